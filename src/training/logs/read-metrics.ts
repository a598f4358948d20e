// The records of a run, read back out of its metrics.jsonl, also while it is written. Not here: writing it.
import { readFile } from 'node:fs/promises';
import { EngramError, fromSystemError } from '../../errors.js';
import type { MetricsRecord } from '../metrics.js';

/** In the order they were measured. A last line without its end is still being written, or was cut off, and is left out.
 * Throws `not_found`, `corrupt` with the line. */
export async function readMetrics(path: string): Promise<MetricsRecord[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fromSystemError(error, path);
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((line, i) => (line === '' ? [] : [parseRecord(line, i + 1, path)]));
}

function parseRecord(line: string, number: number, path: string): MetricsRecord {
  let record: Partial<MetricsRecord> | null;
  try {
    record = JSON.parse(line) as Partial<MetricsRecord> | null;
  } catch (error) {
    throw corrupt(number, path, error);
  }
  const isSound =
    typeof record === 'object' &&
    record !== null &&
    (record.kind === 'step' || record.kind === 'evaluation') &&
    (record.split === 'train' || record.split === 'validation' || record.split === 'test') &&
    Number.isSafeInteger(record.step) &&
    typeof record.loss === 'number';
  if (!isSound) throw corrupt(number, path);
  return record as MetricsRecord;
}

function corrupt(line: number, path: string, cause?: unknown): EngramError {
  return new EngramError('corrupt', `Line ${line} of ${path} is no record of a run.`, { cause, details: { line } });
}
