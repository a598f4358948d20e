// Training data: reads a JSONL file row by row and makes token sequences with loss weights of it. Not here: order, batches
// and epochs (run.ts), nor making lessons out of a memory (memory/).
import { createReadStream } from 'node:fs';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { parseRow, type Row } from './row.js';
import { encodeRow, type RowEncoder } from './encode-row.js';
import type { Example } from './types.js';

export interface DatasetOptions {
  /** Tokens that one example may have; normally the context of the model. At least 2. */
  maxTokens: number;
  signal?: AbortSignal | undefined;
}

export interface Dataset {
  examples: Example[];
  rows: number;
  /** Tokens in all, and those of them that have a loss. */
  tokens: number;
  trainedTokens: number;
}

/** A line longer than this is a mistake and not a row. */
const MOST_LINE_BYTES = 16 * 2 ** 20;

/** Reads a JSONL file of `{text}`, `{prompt, completion}` or `{messages}` rows, kinds mixed as you like; empty lines are
 * skipped. Throws, with the number of the line, `corrupt` (no JSON, no UTF-8, none of these shapes), `empty` (nothing to
 * learn in a row) and `too_long` (a conversation longer than maxTokens); without one `empty` (no rows), `not_found`, `disk`. */
export async function readDataset(path: string, encoder: RowEncoder, options: DatasetOptions): Promise<Dataset> {
  const dataset: Dataset = { examples: [], rows: 0, tokens: 0, trainedTokens: 0 };
  for await (const { row, line } of readRows(path, options.signal)) {
    dataset.rows++;
    for (const example of encodeRow(row, line, encoder, options.maxTokens)) {
      dataset.examples.push(example);
      dataset.tokens += example.tokens.length;
      dataset.trainedTokens += trainedTokens(example);
    }
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

/** The rows of a JSONL file with the numbers of their lines, counted from 1. */
export async function* readRows(path: string, signal?: AbortSignal): AsyncGenerator<{ row: Row; line: number }> {
  let line = 0;
  for await (const text of readLines(path)) {
    throwIfCancelled(signal);
    line++;
    const content = text.trim();
    if (content !== '') yield { row: parseRow(content, line), line };
  }
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
