// A table of HTML as a grid: the names of its columns, and its rows, in which a cell that reaches over several stands in each of those it
// names. Not here: tables without names, which are text (html-text.ts).
import { isNamed, joinedDown } from './csv-shape.js';
import type { Node } from './html-node.js';

export interface HtmlTable {
  captions: string[];
  names: string[];
  rows: string[][];
}

/** Cells that one cell may reach over. */
const WIDEST = 50;

/** Rows of a head. */
const DEEPEST_HEAD = 3;

interface Row {
  cells: string[];
  /** It names columns. */
  isHead: boolean;
}

/** `wordsOf` gives the text of a cell. Undefined where no row names the columns. */
export function tableOf(table: Node, wordsOf: (node: Node) => string): HtmlTable | undefined {
  const captions: string[] = [];
  const rows: Row[] = [];
  /** Cells that reach down into the next rows, by column. */
  const pending = new Map<number, { text: string; left: number }>();
  const add = (row: Node, isInHead: boolean): void => {
    const cells: string[] = [];
    let [heads, all] = [0, 0];
    const takePending = (): void => {
      for (let at = pending.get(cells.length); at !== undefined; at = pending.get(cells.length)) {
        if (--at.left === 0) pending.delete(cells.length);
        cells.push(at.text);
      }
    };
    for (const child of row.childNodes) {
      const name = child.nodeName.toUpperCase();
      if (name !== 'TD' && name !== 'TH') continue;
      takePending();
      const text = wordsOf(child).replace(/\s+/gu, ' ').trim();
      const isHead = name === 'TH' || isInHead;
      all++;
      if (isHead) heads++;
      const down = spanOf(child, 'rowspan');
      for (let i = 0; i < spanOf(child, 'colspan'); i++) {
        const said = i === 0 || isHead ? text : '';
        if (down > 1) pending.set(cells.length, { text: said, left: down - 1 });
        cells.push(said);
      }
    }
    takePending();
    if (cells.some((cell) => cell !== '')) rows.push({ cells, isHead: all > 0 && heads === all });
  };
  const look = (node: Node, isInHead: boolean): void => {
    for (const child of node.childNodes) {
      const name = child.nodeName.toUpperCase();
      if (name === 'TR') add(child, isInHead);
      else if (name === 'CAPTION') captions.push(wordsOf(child).replace(/\s+/gu, ' ').trim());
      else if (name === 'THEAD' || name === 'TBODY' || name === 'TFOOT') look(child, name === 'THEAD');
    }
  };
  look(table, false);
  const width = Math.max(0, ...rows.map(({ cells }) => cells.length));
  if (width < 2) return undefined;
  // A title over all columns is no name of theirs.
  while (rows.length > 0 && new Set(rows[0]!.cells).size === 1 && rows[0]!.cells.length === width) {
    captions.push(rows.shift()!.cells[0]!);
  }
  const body = rows.findIndex(({ isHead }) => !isHead);
  const grid = rows.map(({ cells }) => cells);
  const depth = body > 0 ? body : isNamed(grid) ? 1 : 0;
  if (depth === 0 || depth > DEEPEST_HEAD || depth >= grid.length) return undefined;
  return {
    captions: captions.filter((one) => one !== ''),
    names: joinedDown(grid.slice(0, depth)),
    rows: grid.slice(depth),
  };
}

function spanOf(cell: Node, name: string): number {
  const span = Number(cell.getAttribute?.(name) ?? 1);
  return span >= 1 && span <= WIDEST ? Math.floor(span) : 1;
}
