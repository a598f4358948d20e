// The world a command runs in: its streams, environment and signals, so that a test can give it another. Text that goes to
// a terminal is cleared of control characters: neither a model nor a memory may move the cursor. Not here: what is said.
import type { Readable, Writable } from 'node:stream';

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Input = Readable & { isTTY?: boolean };

export type Output = Writable & { isTTY?: boolean; columns?: number };

/** Width of a terminal; some say 0 when they do not know it. */
export function columnsOf(stream: Output): number {
  const { columns = 0 } = stream;
  return columns > 0 ? columns : 80;
}

export interface World {
  stdin: Input;
  stdout: Output;
  stderr: Output;
  env: Environment;
  /** Calls the listener at each Ctrl-C (or SIGTERM) until the returned function is called. */
  onInterrupt: (listener: (signal: 'SIGINT' | 'SIGTERM') => void) => () => void;
  /** Calls the listener at each Ctrl-Z until the returned function is called; the process is then not stopped. */
  onSuspend: (listener: () => void) => () => void;
  /** Stops the process as Ctrl-Z does; settles when it is let go on. */
  suspend: () => Promise<void>;
  /** Runs another Node program over the same streams; gives its exit code. Aborting asks it to end. */
  launch: (program: URL, args: readonly string[], signal: AbortSignal) => Promise<number>;
  /** Ends the process at once. */
  exit: (code: number) => void;
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text without control characters but for line feed and tab. */
export function printable(text: string): string {
  return text.replace(CONTROL, '');
}

/** East Asian characters and emoji take two columns. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f000}-\u{3fffd}]/u;

const segmenter = new Intl.Segmenter();
const columnsOfSegment = (segment: string): number => (WIDE.test(segment) ? 2 : 1);

/** Columns that a line takes in a terminal. */
export function widthOf(line: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(line)) width += columnsOfSegment(segment);
  return width;
}

/** Text cut to what fits into so many columns of a terminal, never within a character. */
export function fit(text: string, columns: number): string {
  let width = 0;
  let end = 0; // of what leaves a column for the ellipsis
  for (const { segment, index } of segmenter.segment(text)) {
    width += columnsOfSegment(segment);
    if (width > columns) return `${text.slice(0, end)}…`;
    if (width < columns) end = index + segment.length;
  }
  return text;
}

/** Whether a terminal with this environment shows more than ASCII. */
export function hasUnicode(env: Environment): boolean {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return false;
  // The first that is set decides (POSIX); where none is, as on Windows and in containers, terminals of today do.
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
const CODES: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Paints text for a stream that is a terminal, unless NO_COLOR asks for none. */
export function painter(stream: Output, env: Environment): (style: Style, text: string) => string {
  const isPlain = stream.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return (style, text) => (isPlain ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`);
}
