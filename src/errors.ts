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
  /** Figures that a program may want: sizes, positions, the step that diverged. */
  details?: Record<string, unknown> | undefined;
}

export class EngramError extends Error {
  override readonly name = 'EngramError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: EngramErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  toJSON(): { code: ErrorCode; message: string; hint?: string; details?: Record<string, unknown> } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** Throws `cancelled` if the signal has been aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngramError('cancelled', 'Cancelled.', { cause: signal.reason });
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
