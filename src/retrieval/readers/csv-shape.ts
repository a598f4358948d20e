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

/** The index of the header among the rows, and the names of all columns. */
export function headerIn(rows: readonly string[][]): { header: number; names: string[] } {
  const columns = commonest(rows.slice(0, SAMPLE).map((row) => row.length));
  const isTitle = (row: readonly string[]): boolean =>
    row.length < columns - 1 ||
    (row.length !== columns && row[0]?.trim().startsWith('#') === true) ||
    (row.length < columns && row.length <= 2) ||
    (columns > 1 && row[0]?.trim() !== '' && row.slice(1).every((cell) => cell.trim() === ''));
  const hasRowNames = namesNoRowNames(rows, columns);
  const found = hasRowNames ? 0 : rows.slice(0, SAMPLE).findIndex((row) => !isTitle(row));
  const header = Math.max(0, found);
  const cells = rows[header] ?? [];
  const names = new Set<string>();
  for (const [i, cell] of (hasRowNames ? ['', ...cells] : cells).entries()) {
    names.add(unusedName(cell.trim() === '' ? `column ${i + 1}` : cell.trim(), names));
  }
  return { header, names: [...names] };
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
