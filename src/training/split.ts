// Which rows are trained on, which only measured: by the seed, and the same for the same number of rows. Rows are split
// and not examples, so that no piece of a text is measured while another is learned.
import { EngramError } from '../errors.js';
import { seededRandom, shuffled } from './random.js';

export interface Shares {
  /** From 0 to below 1. At least one row where it is not 0. */
  validation: number;
  test: number;
  seed: number;
}

export interface Split {
  /** Numbers of rows, ascending. */
  train: number[];
  validation: number[];
  test: number[];
}

/** Throws `usage` where no row would be left to train on. */
export function splitRows(count: number, { validation, test, seed }: Shares): Split {
  const rows = [...Array(count).keys()];
  const sizeOf = (share: number): number => (share === 0 ? 0 : Math.max(1, Math.round(count * share)));
  const tested = sizeOf(test);
  const validated = sizeOf(validation);
  if (tested + validated >= count && tested + validated > 0) {
    throw new EngramError(
      'usage',
      `${count} rows cannot be split: ${validated} to validate and ${tested} to test leave none to train on.`,
      { hint: 'Take smaller shares, or measure on files of their own.' },
    );
  }
  const order = shuffled(rows, seededRandom(seed));
  const kind = new Map(order.slice(0, tested + validated).map((row, i) => [row, i < tested ? 'test' : 'validation']));
  const of = (wanted: string | undefined): number[] => rows.filter((row) => kind.get(row) === wanted);
  return { train: of(undefined), validation: of('validation'), test: of('test') };
}
