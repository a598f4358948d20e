// The shape of a table of text: which character separates its cells, and which of its rows names them. A table has one number of
// columns in most of its rows; what stands above those (a title, who made it when) is no header. Not here: reading the cells.
import { unusedName } from './record.js';

/** Lines and rows that decide. */
const SAMPLE = 100;

const SEPARATORS = [',', ';', '\t', '|'];

/** The separator, and where the table begins: Excel writes `sep=;` before it. */
export function separatorOf(text: string, path: string): { separator: string; start: number } {
  const told = /^\uFEFF?"?sep=(.|\t)"?\r?\n?/iu.exec(text);
  if (told !== null) return { separator: told[1]!, start: told[0].length };
  const isTabs = /\.(?:tsv|tab)$/iu.test(path);
  return { separator: isTabs ? '\t' : guessed(text.slice(0, 200_000)), start: 0 };
}

/** The one that divides most lines into one number of cells, and more rather than fewer. */
function guessed(text: string): string {
  // What is quoted separates nothing, and may have line breaks.
  const lines = text.replace(/"(?:[^"]|"")*"/gu, '""').split(/\r?\n|\r/u, SAMPLE);
  const filled = lines.filter((line) => line.trim() !== '');
  let best = { separator: ',', score: 0 };
  for (const separator of SEPARATORS) {
    const counts = filled.map((line) => line.split(separator).length);
    const columns = commonest(counts);
    if (columns < 2) continue;
    const share = counts.filter((count) => count === columns).length / counts.length;
    const score = share + Math.min(columns, 50) / 1000;
    if (score > best.score) best = { separator, score };
  }
  return best.separator;
}

/** A table as it is read: what stands above its header, the header as written, the names of all columns, and the rows. */
export interface Shape {
  above: string[][];
  header: string[];
  names: string[];
  rows: string[][];
}

/** Which row names the columns; where none does they have numbers. `isMerged`: cells that reach over several columns or rows
 * stand in each of them, as in a sheet. */
export function shapeOf(rows: readonly string[][], { isMerged = false } = {}): Shape {
  const columns = commonest(rows.slice(0, SAMPLE).map((row) => row.length));
  const isTitle = (row: readonly string[]): boolean =>
    row.length < columns - 1 ||
    (row.length !== columns && row[0]?.trim().startsWith('#') === true) ||
    (row.length < columns && row.length <= 2) ||
    (columns > 1 && row[0]?.trim() !== '' && row.slice(1).every((cell) => cell.trim() === '')) ||
    (isMerged && columns > 1 && row.every((cell) => cell === row[0]));
  const hasRowNames = namesNoRowNames(rows, columns);
  const found = hasRowNames ? 0 : rows.slice(0, SAMPLE).findIndex((row) => !isTitle(row));
  const at = Math.max(0, found);
  const [above, below] = [rows.slice(0, at), rows.slice(at)];
  if (isAmongTheRest(below)) return { above, header: [], names: numbered(below[0]!), rows: below };
  const depth = isMerged && below.length > 2 && hasSpans(below[0]!) ? 2 : 1;
  const cells = joinedDown(below.slice(0, depth));
  return {
    ...{ above, header: cells, names: distinct(hasRowNames ? ['', ...cells] : cells) },
    rows: below.slice(depth),
  };
}

function distinct(cells: readonly string[]): string[] {
  const names = new Set<string>();
  for (const [i, cell] of cells.entries()) {
    names.add(unusedName(cell.trim() === '' ? `column ${i + 1}` : cell.trim(), names));
  }
  return [...names];
}

const numbered = (row: readonly string[]): string[] => row.map((_, i) => `column ${i + 1}`);

/** `Morning` above `Cook` and `Server`. */
function hasSpans(row: readonly string[]): boolean {
  return row.some((cell, i) => i > 0 && cell !== '' && cell === row[i - 1]);
}

/** The names of columns that have a name in several rows, one below the other. */
export function joinedDown(rows: readonly string[][]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, i) =>
    [...new Set(rows.map((row) => row[i]?.trim() ?? ''))].filter((cell) => cell !== '').join(' '),
  );
}

/** Rows that must be like the first one for it to be no header. */
const LEAST_ALIKE = 2;

/** The first row is one like all others: where it has a number or a date the rows below have one, too, and nowhere a word above
 * numbers. Years and months that count up above numbers are names. */
function isAmongTheRest([first = [], ...rest]: readonly string[][]): boolean {
  const sample = rest.slice(0, SAMPLE);
  if (sample.length < LEAST_ALIKE) return false;
  let isAlike = false;
  const whole = first.filter((cell) => /^\s*\d+\s*$/u.test(cell)).map(Number);
  const countsUp = whole.length > 1 && whole.every((number, i) => i === 0 || number === whole[i - 1]! + 1);
  for (const [i, cell] of first.entries()) {
    const filled = sample.map((row) => row[i]?.trim() ?? '').filter((value) => value !== '');
    const kinds = new Set(filled.map(kindOf));
    const [kind] = kinds;
    if (filled.length === 0 || kinds.size > 1 || kind === 'word') continue;
    if (kindOf(cell.trim()) !== kind) return false;
    if (!(kind === 'number' && (countsUp || isYear(cell)))) isAlike = true;
  }
  return isAlike;
}

const isYear = (cell: string): boolean => /^\s*(?:19|20)\d\d\s*$/u.test(cell);

function kindOf(cell: string): 'number' | 'date' | 'word' {
  if (/^[-+]?\d[\d.,'\u00A0\u202F ]*%?$/u.test(cell) && !/^\d{1,2}\.\d{1,2}\.\d{2,4}$/u.test(cell)) return 'number';
  return /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d\d.*)?$/u.test(cell) ? 'date' : 'word';
}

/** Whether the first row of a table without marks names its columns. Two columns may be names and values: then numbers below a
 * word have to show it. */
export function isNamed([first = [], ...rest]: readonly string[][]): boolean {
  if (rest.length < 2 || first.length < 2) return false;
  const isName = (cell: string): boolean => cell !== '' && cell.length <= 60 && kindOf(cell) === 'word';
  if (!first.every(isName) || new Set(first).size < first.length) return false;
  const hasNumbersBelow = first.some((_, i) => rest.every((row) => /\d/u.test(row[i] ?? '')) && !/\d/u.test(first[i]!));
  return first.length > 2 || hasNumbersBelow;
}

/** As R writes a table: the first column has names of rows, and none itself. */
function namesNoRowNames([first = [], ...rest]: readonly string[][], columns: number): boolean {
  const hasDigits = (row: readonly string[]): boolean => row.some((cell) => /^\s*[-+\d.,]+\s*$/u.test(cell));
  return (
    first.length > 1 &&
    first.length === columns - 1 &&
    !hasDigits(first) &&
    hasDigits(rest[0] ?? []) &&
    rest.every((row) => row.length === columns)
  );
}

/** The number that occurs most often; of several the largest. */
function commonest(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  let best = 1;
  for (const [number, count] of counts) {
    const most = counts.get(best) ?? 0;
    if (count > most || (count === most && number > best)) best = number;
  }
  return best;
}
