// Tables that are written with bars in a text, in Markdown (GFM) and Org: a row each, under the names above the line that divides
// them. Not here: where such a text begins and ends.
import { rowBlocks, type PlacedRow } from './table.js';
import type { Block } from './types.js';

/** `| --- | :---: |` and `|-----+----|`. */
const DIVIDER = /^[ \t>]*\|?[ \t]*:?-+:?(?:[ \t]*[|+][ \t]*:?-+:?)+[ \t]*\|?[ \t]*$/u;

/** Blocks of a stretch of text that has a table which is too long for one passage; undefined for any other. */
export function tableInText(text: string, start: number, end: number): Block[] | undefined {
  const lines = linesIn(text, start, end);
  const divider = lines.findIndex(({ line }, i) => i > 0 && DIVIDER.test(line) && lines[i - 1]!.line.includes('|'));
  if (divider === -1) return undefined;
  const names = cellsOf(lines[divider - 1]!.line);
  const below = lines.slice(divider + 1).filter(({ line }) => !DIVIDER.test(line));
  const rows: PlacedRow[] = below.map(({ line, ...place }) => ({ ...place, cells: cellsOf(line) }));
  const blocks = rowBlocks(names, rows);
  if (blocks === undefined) return undefined;
  const header = lines[divider - 1]!.start;
  const before = text.slice(start, header).trimEnd().length;
  return before === 0 ? blocks : [{ kind: 'text', start, end: start + before }, ...blocks];
}

function linesIn(text: string, start: number, end: number): { start: number; end: number; line: string }[] {
  const lines: { start: number; end: number; line: string }[] = [];
  for (let from = start; from < end;) {
    const found = text.indexOf('\n', from);
    const to = found === -1 || found >= end ? end : found;
    const line = text.slice(from, to).replace(/\r$/u, '');
    if (line.trim() !== '') lines.push({ start: from, end: from + line.length, line });
    from = to + 1;
  }
  return lines;
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^[ \t>]*\|?|\|?[ \t]*$/gu, '')
    .split(/(?<!\\)\|/u)
    .map((cell) => cell.replaceAll('\\|', '|').trim());
}
