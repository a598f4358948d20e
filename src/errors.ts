// The one error class. Every failure a user can meet has a code here and, where there is something to do, a hint.

export type ErrorCode =
  | 'usage' // an option or argument that cannot be
  | 'cancelled' // the caller's AbortSignal, or Ctrl-C
  | 'offline' // needs the network, and --offline was given
  | 'network' // no source could be reached
  | 'disk' // full, unwritable, unreadable
  | 'locked' // another process writes the same brain or file
  | 'corrupt' // a file that is not what it should be: truncated, wrong hash, bad numbers
  | 'unsupported' // a sound file that engram cannot use: architecture, tensor type, version
  | 'mismatch' // an adapter or index that belongs to another model
  | 'not_found' // a name that names nothing
  | 'exists' // a name that is taken
  | 'empty' // a text with nothing in it
  | 'too_long' // a text longer than the context
  | 'diverged' // loss or gradient became NaN or infinite
  | 'memory' // does not fit into memory
  | 'native' // the native addon or a shared library is missing or broken
  | 'internal'; // a fault of ours

export interface EngramErrorOptions {
  /** What the user can do about it, as a sentence. */
  hint?: string | undefined;
  cause?: unknown;
  /** The option that it is about, by its name in the API. */
  option?: string | undefined;
  /** Figures that a program may want: sizes, positions, the step that diverged. */
  details?: Record<string, unknown> | undefined;
}

export class EngramError extends Error {
  /** `AbortError` where the code is `cancelled`, as the platform names it. */
  override readonly name: 'EngramError' | 'AbortError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly option: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: EngramErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code === 'cancelled' ? 'AbortError' : 'EngramError';
    this.code = code;
    this.hint = options.hint;
    this.option = options.option;
    this.details = options.details;
  }

  toJSON(): { code: ErrorCode; message: string; hint?: string; option?: string; details?: Record<string, unknown> } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.option === undefined ? {} : { option: this.option }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** What whoever cancels is given by all that is rejected for it. */
export class AbortError extends EngramError {
  /** What the model had said by then; empty where it had said nothing. */
  readonly said: string;

  constructor(said = '', options: EngramErrorOptions = {}) {
    super('cancelled', 'Cancelled.', options);
    this.said = said;
  }
}

/** Throws an AbortError if the signal has been aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortError('', { cause: signal.reason });
}

/** A value that an option cannot have. `named`: what the option is called where the value came from; default: its name. */
export function wrongOption(
  option: string,
  expected: string,
  received: unknown,
  {
    named = option,
    hint,
    isSecret = false,
  }: { named?: string | undefined; hint?: string | undefined; isSecret?: boolean | undefined } = {},
): EngramError {
  const given = isSecret ? 'something else' : shown(received);
  const message = `Expected ${expected} for ${named} but received ${given}.`;
  return new EngramError('usage', message, { option, hint, details: { expected, received: given } });
}

/** The same error, with the option by another name. Errors about no value of an option come back as they are. */
export function renamed(error: EngramError, named: string): EngramError {
  const { option, hint, details = {} } = error;
  const { expected, received } = details;
  if (option === undefined || typeof expected !== 'string' || typeof received !== 'string') return error;
  const message = `Expected ${expected} for ${named} but received ${received}.`;
  return new EngramError(error.code, message, { option, hint, details, cause: error });
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : typeof value;
}

/** Whether a system error has this code, e.g. ENOENT. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Turns a system error of the file system into one of ours; any other value is returned as it is. */
export function fromSystemError(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new EngramError('disk', `The disk is full: ${what}.`, {
        cause: error,
        hint: 'Free some space and try again.',
      });
    case 'EFBIG':
      return new EngramError('disk', `The file would be larger than files may be here: ${what}.`, {
        cause: error,
        hint: 'See `ulimit -f`, or take a disk without that limit.',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EngramError('disk', `Not allowed: ${what}.`, {
        cause: error,
        hint: 'Check the permissions, or set ENGRAM_HOME (--home) to a folder you may write to.',
      });
    case 'ENOENT':
      return new EngramError('not_found', `No such file: ${what}.`, { cause: error });
    case 'ENOTDIR':
    case 'EISDIR':
      return new EngramError('disk', `A folder is in the way, or a file where a folder should be: ${what}.`, {
        cause: error,
      });
    default:
      return error;
  }
}
