// From the runs of characters that a page of a PDF draws to its lines and paragraphs, in the order in which they are read: in
// Hebrew and Arabic from right to left, however they were drawn. Not here: columns and rows of tables (pdf-layout.ts).
import { isNamed } from './csv-shape.js';
import { layOut, type Item } from './pdf-layout.js';
import type { PlacedRow } from './table.js';

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** A table of a page: where its header begins, and its rows, in the text of the page. */
export interface PdfTable {
  names: string[];
  header: number;
  rows: PlacedRow[];
}

/** Rows of a table below its header. */
const LEAST_ROWS = 2;

/** Lines joined to paragraphs: a gap between lines that is wider than the lines are high ends one. */
export function pageText(items: readonly Item[]): { text: string; tables: PdfTable[] } {
  let text = '';
  let last: { y: number; height: number } | undefined;
  const laidOut = layOut(items);
  const placed: PlacedRow[] = [];
  for (const cells of laidOut ?? [...linesOf(items)].map((line) => [line])) {
    const first = cells.flat().find(({ str }) => str.trim() !== '');
    if (first !== undefined) {
      const { height } = first;
      const y = first.transform[5] ?? 0;
      const isApart = last !== undefined && Math.abs(last.y - y) > 1.9 * Math.max(last.height, height);
      // A sentence goes on at the top of the next column.
      const goesOn = last !== undefined && y > last.y && !/[.!?:。！？]\s*$/u.test(text);
      if (isApart && !goesOn) text += '\n';
      last = { y: cells.flat().at(-1)!.transform[5] ?? 0, height };
    }
    const texts = cellTexts(cells, laidOut !== undefined);
    const line = texts.join(' | ');
    // A word divided at the end of a line is one word.
    if (/\p{Ll}-\n$/u.test(text) && /^\p{Ll}/u.test(line)) text = text.slice(0, -2);
    if (text === '' && line.trim() === '') continue;
    placed.push({ start: text.length, end: text.length + line.length, cells: texts });
    text += `${line}\n`;
  }
  return { text: text.trimEnd(), tables: tablesOf(placed) };
}

/** Runs of rows that have the same number of cells, below one that names them. */
function tablesOf(lines: readonly PlacedRow[]): PdfTable[] {
  const tables: PdfTable[] = [];
  for (let from = 0; from < lines.length;) {
    const columns = lines[from]!.cells.length;
    let to = from + 1;
    while (to < lines.length && lines[to]!.cells.length === columns) to++;
    const [head, ...rows] = lines.slice(from, to);
    if (columns > 1 && rows.length >= LEAST_ROWS && isNamed([head!, ...rows].map(({ cells }) => [...cells])))
      tables.push({ names: [...head!.cells], header: head!.start, rows });
    from = to;
  }
  return tables;
}

/** The cells of a row, the first one first: from the right where they are read from there. */
function cellTexts(cells: readonly (readonly Item[])[], isLaidOut: boolean): string[] {
  const texts = cells.map((cell) => ordered(cell, isLaidOut));
  const isRightToLeft = texts.length > 1 && 2 * count(texts.join(''), RIGHT_TO_LEFT) >= count(texts.join(''), /\p{L}/u);
  return isRightToLeft && RIGHT_TO_LEFT.test(texts.join('')) ? texts.toReversed() : texts;
}

function* linesOf(items: readonly Item[]): Generator<Item[]> {
  let line: Item[] = [];
  for (const item of items) {
    line.push(item);
    if (!item.hasEOL) continue;
    yield line;
    line = [];
  }
  if (line.length > 0) yield line;
}

/** A line as it is read. Without letters from right to left it is as it was drawn, or laid out: then spaces are gaps. */
function ordered(line: readonly Item[], isLaidOut: boolean): string {
  const drawn = line
    .map((item, i) => (isLaidOut && i > 0 && hasGap(line[i - 1]!, item) ? ` ${item.str}` : item.str))
    .join('');
  if (!RIGHT_TO_LEFT.test(drawn)) return drawn;
  const isRightToLeft = 2 * count(drawn, RIGHT_TO_LEFT) >= count(drawn, /\p{L}/u);
  const filled = line.filter(({ str }) => str.trim() !== '');
  const sorted = filled.toSorted((a, b) => left(a) - left(b));
  const read: Item[] = [];
  for (const run of runsOf(isRightToLeft ? sorted.reverse() : sorted, isRightToLeft)) {
    // What runs the other way inside the line is turned round.
    read.push(...(run.isAgainst ? run.items.reverse() : run.items));
  }
  return read.map((item, i) => (i > 0 && hasGap(read[i - 1]!, item) ? ` ${item.str}` : item.str)).join('');
}

/** Neighbouring items of one direction; what has none, as punctuation, goes with the line. */
function runsOf(items: readonly Item[], isRightToLeft: boolean): { isAgainst: boolean; items: Item[] }[] {
  const runs: { isAgainst: boolean; items: Item[] }[] = [];
  for (const item of items) {
    const isAgainst = isRightToLeft
      ? !RIGHT_TO_LEFT.test(item.str) && /[\p{L}\p{N}]/u.test(item.str)
      : RIGHT_TO_LEFT.test(item.str);
    const run = runs.at(-1);
    if (run?.isAgainst === isAgainst) run.items.push(item);
    else runs.push({ isAgainst, items: [item] });
  }
  return runs;
}

/** Whether there is room for a space between two items, whichever is on the left, or there is none in a change of direction. */
function hasGap(one: Item, next: Item): boolean {
  if (/\s$/u.test(one.str) || /^\s/u.test(next.str)) return false;
  const [a, b] = left(one) <= left(next) ? [one, next] : [next, one];
  return left(b) - (left(a) + a.width) > 0.12 * Math.max(one.height, next.height, 1);
}

function left(item: Item): number {
  return item.transform[4] ?? 0;
}

function count(text: string, of: RegExp): number {
  let found = 0;
  for (const character of text) if (of.test(character)) found++;
  return found;
}
