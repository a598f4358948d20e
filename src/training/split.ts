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

/** `groups`: of each row, what it is an example of. Each group is then split as the whole is, as far as its rows go, and one of its
 * rows at least is trained on. Throws `usage` where no row would be left to train on. */
export function splitRows(count: number, { validation, test, seed }: Shares, groups?: readonly string[]): Split {
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
  const drawn = shuffled(rows, seededRandom(seed));
  const order = groups === undefined ? drawn : spread(drawn, groups);
  const kind = new Map(order.slice(0, tested + validated).map((row, i) => [row, i < tested ? 'test' : 'validation']));
  const of = (wanted: string | undefined): number[] => rows.filter((row) => kind.get(row) === wanted);
  return { train: of(undefined), validation: of('validation'), test: of('test') };
}

/** The same rows, so that however many of the first are held out, of each group there are about as many as it has of all, and
 * the last one of a group only where nothing else is left. */
function spread(drawn: readonly number[], groups: readonly string[]): number[] {
  const sizes = new Map<string, number>();
  for (const row of drawn) sizes.set(groups[row]!, (sizes.get(groups[row]!) ?? 0) + 1);
  const seen = new Map<string, number>();
  // How far into its group a row lies, from 0 to 1: rows at equal shares come together, whatever the group.
  const places = drawn.map((row) => {
    const [size, before] = [sizes.get(groups[row]!)!, seen.get(groups[row]!) ?? 0];
    seen.set(groups[row]!, before + 1);
    return { row, at: before === size - 1 ? 1 : (before + 0.5) / size };
  });
  return places.sort((a, b) => a.at - b.at).map(({ row }) => row);
}
