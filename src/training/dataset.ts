// Training data: reads a JSONL file row by row, or one long text, and makes token sequences with loss weights of it. Not here:
// which rows are trained on (split.ts), order and batches (plan.ts), nor making lessons out of a memory (memory/).
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { isObject } from '../is-object.js';
import { parseRow, rowOf, type Row } from './row.js';
import { encodeRow, type RowEncoder } from './encode-row.js';
import type { Example } from './types.js';

export interface DatasetOptions {
  /** Tokens that one example may have; normally the context of the model. At least 2. */
  maxTokens: number;
  /** Tokens of the pieces that a longer text is cut into. Default: maxTokens. */
  textTokens?: number;
  /** `text`: the file is one text, its pieces count as rows. Default jsonl. */
  format?: 'jsonl' | 'text';
  signal?: AbortSignal | undefined;
}

export interface Dataset {
  examples: Example[];
  rows: number;
  /** The row of each example, counted from 0. */
  rowOf: number[];
  /** Texts that write a special token in letters, as which it is learned. */
  typed?: { rows: number; firstLine: number; sign: string };
  /** Tokens in all, and those of them that have a loss. */
  tokens: number;
  trainedTokens: number;
}

/** A line longer than this is a mistake and not a row. */
const MOST_LINE_BYTES = 16 * 2 ** 20;

/** A text longer than this is not read into memory. */
const MOST_TEXT_BYTES = 256 * 2 ** 20;

/** Reads a JSONL file of `{text}`, `{prompt, completion}` or `{messages}` rows, kinds mixed as you like; empty lines are
 * skipped. Throws, with the number of the line, `corrupt` (no JSON, no UTF-8, none of these shapes), `empty` (nothing to
 * learn in a row) and `too_long` (a conversation longer than maxTokens); without one `empty` (no rows), `not_found`, `disk`.
 *
 * With the format `text` the file is one text, and each piece of `textTokens` a row. */
export async function readDataset(path: string, encoder: RowEncoder, options: DatasetOptions): Promise<Dataset> {
  const dataset: Dataset = { examples: [], rowOf: [], rows: 0, tokens: 0, trainedTokens: 0 };
  const add = (examples: readonly Example[]): void => {
    for (const example of examples) {
      dataset.examples.push(example);
      dataset.rowOf.push(dataset.rows);
      dataset.tokens += example.tokens.length;
      dataset.trainedTokens += trainedTokens(example);
    }
    dataset.rows++;
  };
  const { maxTokens, textTokens = maxTokens, signal } = options;
  if (options.format === 'text') {
    const row: Row = { kind: 'text', text: await readText(path) };
    throwIfCancelled(signal);
    for (const piece of encodeRow(row, 1, encoder, maxTokens, textTokens)) add([piece]);
    return dataset;
  }
  for await (const { row, line } of readRows(path, signal)) {
    add(encodeRow(row, line, encoder, maxTokens, textTokens));
    const sign = row.kind === 'text' ? encoder.signIn?.(row.text) : undefined;
    if (sign !== undefined)
      dataset.typed = { firstLine: line, sign, ...dataset.typed, rows: (dataset.typed?.rows ?? 0) + 1 };
  }
  if (dataset.rows === 0) {
    throw new EngramError('empty', `There are no rows in ${path}.`, {
      hint: 'Each line is a JSON object: {"text"}, {"prompt", "completion"} or {"messages"}.',
    });
  }
  return dataset;
}

/** Tokens of an example that have a loss. The first token has none: nothing comes before it. */
export function trainedTokens(example: Example): number {
  let count = 0;
  for (let i = 1; i < example.tokens.length; i++) if (example.weights[i]! > 0) count++;
  return count;
}

/** The rows of a file that is one JSON array, or undefined: then each line is a row. */
async function arrayIn(path: string): Promise<unknown[] | undefined> {
  for await (const first of readLines(path)) {
    if (first.trim() === '') continue;
    if (!first.trimStart().startsWith('[') || isJson(first)) return undefined;
    break;
  }
  const text = await readText(path).catch(() => '');
  try {
    const rows: unknown = JSON.parse(text);
    return Array.isArray(rows) ? rows : undefined;
  } catch {
    return undefined;
  }
}

function isJson(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    // An array of rows may stand on one line; a row of messages has roles in it.
    return (
      Array.isArray(value) &&
      value.every((one) => typeof one === 'string' || (isObject(one) && ('role' in one || 'from' in one)))
    );
  } catch {
    return false;
  }
}

/** The rows of a JSONL file with the numbers of their lines, counted from 1. */
async function* readRows(path: string, signal?: AbortSignal): AsyncGenerator<{ row: Row; line: number }> {
  const rows = await arrayIn(path);
  for (const [i, row] of (rows ?? []).entries()) {
    throwIfCancelled(signal);
    yield { row: rowOf(row, i + 1), line: i + 1 };
  }
  if (rows !== undefined) return;
  for await (const { text, line } of readJsonLines(path, signal)) yield { row: parseRow(text, line), line };
}

/** The lines of a file that are not empty, without the space around them, with their numbers, counted from 1. Throws `corrupt` (no
 * UTF-8), `too_long`, `not_found`, `disk`, `cancelled`. */
export async function* readJsonLines(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<{ text: string; line: number }> {
  let line = 0;
  for await (const whole of readLines(path)) {
    throwIfCancelled(signal);
    line++;
    const text = whole.trim();
    if (text !== '') yield { text, line };
  }
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MOST_TEXT_BYTES) {
      throw new EngramError('too_long', `${path} is longer than ${MOST_TEXT_BYTES / 2 ** 20} MiB.`, {
        hint: 'Split it into {"text"} rows of a JSONL file.',
      });
    }
    bytes = await readFile(path);
  } catch (error) {
    throw fromSystemError(error, path);
  }
  const text = decode(bytes, 1).trim();
  if (text === '') throw new EngramError('empty', `There is no text in ${path}.`);
  return text;
}

async function* readLines(path: string): AsyncGenerator<string> {
  let line = 1;
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (last: Buffer): string => {
    const whole = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    bytes = 0;
    return decode(whole, line++);
  };
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      let rest = piece as Buffer;
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        yield take(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
      }
      if (rest.length === 0) continue;
      bytes += rest.length;
      if (bytes > MOST_LINE_BYTES) {
        throw new EngramError('too_long', `Line ${line} of ${path} is longer than ${MOST_LINE_BYTES / 2 ** 20} MiB.`, {
          hint: 'A JSONL file has one JSON object a line.',
          details: { line },
        });
      }
      parts.push(rest);
    }
  } catch (error) {
    throw fromSystemError(error, path);
  }
  if (parts.length > 0) yield take(Buffer.alloc(0));
}

/** UTF-8, refusing what is not; a byte order mark is dropped. */
function decode(bytes: Buffer, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new EngramError('corrupt', `Line ${line} is not UTF-8.`, { cause: error, details: { line } });
  }
}
