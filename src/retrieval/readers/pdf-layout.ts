// Where the runs of a page of a PDF stand, made into the order in which they are read: columns one after another, the cells of a row of
// a table beside each other. A page that is drawn line by line in one column, as most are, and one that is turned are left as they
// were drawn. Not here: lines and paragraphs (pdf-lines.ts).
/** A run of characters as pdf.js gives it: its own characters are in the order of reading. */
export interface Item {
  str: string;
  hasEOL: boolean;
  /** The last two are where it stands on the page, in points. */
  transform: number[];
  width: number;
  height: number;
}

/** Runs on one line without a wide gap between them. */
interface Fragment {
  items: Item[];
  left: number;
  right: number;
  y: number;
  height: number;
}

/** A gap that is so many times as wide as the line is high is none between words. */
const WIDE_GAP = 1.5;

/** Columns have at least so many lines … */
const LEAST_LINES = 5;

/** … that fill so much of their width: cells of a table do not. */
const FILLED = 0.55;

/** A page with more runs is a drawing. */
const MOST_RUNS = 5000;

/** Of the lines beside a gap so few may cross it: titles, pictures. */
const CROSSING = 0.15;

/** Lines of cells; each line a row, each cell its runs. A line of a text has one cell. Undefined for a page without columns and
 * tables. */
export function layOut(items: readonly Item[]): Item[][][] | undefined {
  const drawn = items.filter(({ str }) => str.trim() !== '');
  const isTurned = ({ str, transform, width, height }: Item): boolean =>
    Math.abs(transform[1] ?? 0) > 0.01 || (str.length > 2 && height > 2 * width);
  if (drawn.length === 0 || drawn.length > MOST_RUNS || drawn.some(isTurned)) return undefined;
  const fragments = fragmentsOf(drawn);
  if (rowsOf(fragments).every((row) => row.length === 1)) return undefined;
  const lines = inOrder(fragments);
  if (gutterOf(fragments) === undefined && lines.every((row) => row.length === 1)) return undefined;
  return lines;
}

/** Whole columns, or rows from top to bottom. */
function inOrder(fragments: readonly Fragment[], depth = 0): Item[][][] {
  const gutter = depth < 4 ? gutterOf(fragments) : undefined;
  if (gutter === undefined) return inRows(rowsOf(fragments));
  // What crosses the gap divides the page: what is above it is read before it.
  const crossing = fragments.filter(({ left, right }) => left < gutter && right > gutter).toSorted((a, b) => b.y - a.y);
  const lines: Item[][][] = [];
  let rest = [...fragments].filter((one) => !crossing.includes(one));
  const take = (isTaken: (one: Fragment) => boolean): void => {
    const taken = rest.filter(isTaken);
    rest = rest.filter((one) => !isTaken(one));
    lines.push(
      ...inOrder(
        taken.filter(({ right }) => right <= gutter),
        depth + 1,
      ),
    );
    lines.push(
      ...inOrder(
        taken.filter(({ left }) => left >= gutter),
        depth + 1,
      ),
    );
  };
  for (const line of crossing) {
    take(({ y }) => y > line.y + line.height / 2);
    lines.push([line.items]);
  }
  take(() => true);
  return lines;
}

/** Cells stand below each other: a gap goes on in the row beside it. */
function isOfTable(row: readonly Fragment[], beside: readonly Fragment[] | undefined): boolean {
  const gaps = gapsOf(row);
  return gapsOf(beside ?? []).some(([from, to]) => gaps.some(([left, right]) => left < to && from < right));
}

function gapsOf(row: readonly Fragment[]): [from: number, to: number][] {
  return row.slice(1).map((one, i) => [row[i]!.right, one.left]);
}

/** Lines of a text are one cell; those of a table have theirs, the same number in each row where gaps go down through all of them. */
function inRows(rows: readonly Fragment[][]): Item[][][] {
  const lines: Item[][][] = [];
  for (let from = 0; from < rows.length;) {
    let to = from + 1;
    while (to < rows.length && isOfTable(rows[to - 1]!, rows[to])) to++;
    const table = rows.slice(from, to);
    // Names of columns may stand so close that they look like a line of text.
    const named = to - from >= LEAST_ROWS && from > 0 ? inColumns([rows[from - 1]!, ...table]) : undefined;
    const isBefore = named?.[0]?.every((cell) => cell.length > 0) === true;
    if (isBefore) lines.pop();
    const columns = isBefore ? named : to - from >= LEAST_ROWS ? inColumns(table) : undefined;
    if (columns !== undefined) lines.push(...columns);
    else if (table.length === 1) lines.push([table[0]!.flatMap(({ items }) => items)]);
    else lines.push(...table.map((row) => row.map(({ items }) => items)));
    from = to;
  }
  return lines;
}

/** Rows whose columns are told by gaps that go down through all of them. */
const LEAST_ROWS = 3;

/** So many times as wide as a line is high is such a gap at least. */
const NARROW_GAP = 0.8;

/** The cells of each row, empty ones too; undefined where a row has more cells than there are such gaps. */
function inColumns(rows: readonly Fragment[][]): Item[][][] | undefined {
  const items = rows.flat().flatMap((fragment) => fragment.items);
  const height = Math.max(1, rows[0]![0]!.height);
  const gaps: number[] = [];
  let right = -Infinity;
  for (const item of items.toSorted((a, b) => (a.transform[4] ?? 0) - (b.transform[4] ?? 0))) {
    const left = item.transform[4] ?? 0;
    if (right !== -Infinity && left - right >= NARROW_GAP * height) gaps.push((left + right) / 2);
    right = Math.max(right, left + item.width);
  }
  if (rows.some((row) => row.length > gaps.length + 1)) return undefined;
  return rows.map((row) => {
    const cells: Item[][] = Array.from({ length: gaps.length + 1 }, () => []);
    for (const item of row.flatMap((fragment) => fragment.items)) {
      const left = item.transform[4] ?? 0;
      cells[gaps.filter((gap) => gap < left).length]!.push(item);
    }
    return cells;
  });
}

/** Where a gap goes down between two columns of text. */
function gutterOf(fragments: readonly Fragment[]): number | undefined {
  if (fragments.length < 2 * LEAST_LINES) return undefined;
  const starts = [...new Set(fragments.map(({ left }) => Math.round(left)))].sort((a, b) => a - b);
  for (const start of starts) {
    const at = start - 1;
    const before = fragments.filter(({ right }) => right <= at);
    const behind = fragments.filter(({ left }) => left >= at);
    const crossing = fragments.length - before.length - behind.length;
    if (before.length < LEAST_LINES || behind.length < LEAST_LINES) continue;
    if (crossing <= CROSSING * fragments.length && isColumn(before) && isColumn(behind)) return at;
  }
  return undefined;
}

function isColumn(fragments: readonly Fragment[]): boolean {
  const left = Math.min(...fragments.map((one) => one.left));
  const right = Math.max(...fragments.map((one) => one.right));
  const filled = fragments.reduce((sum, one) => sum + one.right - one.left, 0) / fragments.length;
  const height = fragments[0]!.height;
  // A column of numbers is filled, too.
  return filled >= FILLED * (right - left) && right - left >= 8 * height;
}

function fragmentsOf(items: readonly Item[]): Fragment[] {
  const fragments: Fragment[] = [];
  for (const line of rowsOf(items.map(fragmentOf))) {
    for (const one of line) {
      const last = fragments.at(-1);
      const isBeside = last?.y === line[0]!.y && one.left - last.right <= WIDE_GAP * line[0]!.height;
      if (isBeside) {
        last.items.push(...one.items);
        last.right = Math.max(last.right, one.right);
      } else fragments.push({ ...one, y: line[0]!.y });
    }
  }
  return fragments;
}

function fragmentOf(item: Item): Fragment {
  const [left, y] = [item.transform[4] ?? 0, item.transform[5] ?? 0];
  return { items: [item], left, right: left + item.width, y, height: Math.max(1, item.height) };
}

/** From top to bottom, each from left to right. */
function rowsOf(fragments: readonly Fragment[]): Fragment[][] {
  const rows: Fragment[][] = [];
  for (const one of fragments.toSorted((a, b) => b.y - a.y)) {
    const row = rows.at(-1);
    // What is written higher or lower, as in m², is of the line.
    const isSame = row !== undefined && row[0]!.y - one.y < 0.4 * Math.max(row[0]!.height, one.height);
    if (isSame) row.push(one);
    else rows.push([one]);
  }
  for (const row of rows) row.sort((a, b) => a.left - b.left);
  return rows;
}
