// What went wrong with a request, in the server's words.

export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0: the server was not reached. */
  readonly status: number;
  readonly code: string | undefined;
  readonly hint: string | undefined;

  constructor(status: number, message: string, code?: string, hint?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}
