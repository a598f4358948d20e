// The text of a tree of HTML: a block for each element that begins a line, a line for each row of a table. Not here: parsing, and
// what a page says about itself (html.ts).
import type { Node } from './html-node.js';
import { tableOf } from './html-table.js';
import { rowBlocks, type PlacedRow } from './table.js';
import type { Block } from './types.js';

const TEXT_NODE = 3;
const HIDDEN = new Set('SCRIPT STYLE NOSCRIPT TEMPLATE HEAD IFRAME SVG SELECT DATALIST OBJECT'.split(' '));
const BLOCKS = new Set(
  (
    'P DIV SECTION ARTICLE MAIN HEADER FOOTER ASIDE NAV FORM FIELDSET LEGEND UL OL LI DL DT DD TABLE CAPTION TR BLOCKQUOTE PRE ' +
    'FIGURE FIGCAPTION ADDRESS DETAILS SUMMARY DIALOG CENTER BODY HTML H1 H2 H3 H4 H5 H6 HR'
  ).split(' '),
);

/** What may be nothing but links. */
const HOLDERS = new Set('DIV SECTION HEADER FOOTER ASIDE NAV UL OL FORM CENTER'.split(' '));

/** What stands beside the text of a page. */
const BESIDE = new Set(['FOOTER', 'ASIDE', 'NAV']);

/** Inside a cell they say that the table is there for the look of the page. */
const NOT_IN_CELLS = new Set('TABLE PRE H1 H2 H3 H4 H5 H6'.split(' '));

/** Characters of a row that is data, and of a table. */
const LONGEST_ROW = 2000;
const MOST_OF_TABLE = 2_000_000;

/** Fewer characters in a NAV are no text that somebody reads. */
const SHORT_MENU = 300;

/** @param isPage whether there may be menus and the like */
export function flatten(root: Node, isPage: boolean): { text: string; blocks: Block[] } {
  const out = new Flattened(isPage ? linksOf(root) : new Map());
  out.visit(root);
  out.flush();
  out.visitBeside();
  return { text: out.text, blocks: out.blocks };
}

class Flattened {
  text = '';
  readonly blocks: Block[] = [];
  #line = '';
  #shape: Pick<Block, 'kind' | 'level'> = { kind: 'text' };
  /** The last block was a row of this table. */
  #table: Node | undefined;
  #beside: Node[] = [];
  #isApart = false;
  /** The last thing on this line was a break. */
  #isBroken = false;

  constructor(private readonly links: ReadonlyMap<Node, Links>) {}

  flush(table?: Node): void {
    const line = this.#shape.kind === 'code' ? this.#line.replace(/^\n+|\s+$/gu, '') : this.#line.trim();
    this.#line = '';
    if (line === '') return;
    if (this.text !== '') this.text += table !== undefined && table === this.#table ? '\n' : '\n\n';
    this.#table = table;
    const start = this.text.length;
    this.blocks.push({ ...this.#shape, start, end: start + line.length, ...(this.#isApart ? { isApart: true } : {}) });
    this.#isApart = false;
    this.text += line;
  }

  /** What was put off, apart from the text and from one another. */
  visitBeside(): void {
    const beside = this.#beside;
    this.#beside = [];
    for (const node of beside) {
      this.#isApart = true;
      this.#visitAll(node);
      this.flush();
    }
    if (this.#beside.length > 0) this.visitBeside();
  }

  visit(node: Node, table?: Node): void {
    const name = node.nodeName.toUpperCase();
    if (node.nodeType === TEXT_NODE) this.#write(node.textContent ?? '');
    else if (name === 'BR') this.#break();
    else if (name === 'TD' || name === 'TH') {
      if (this.#line.trim() !== '') this.#line = `${this.#line.trimEnd()} | `;
      this.#visitAll(node);
    } else if (name === 'BUTTON' && !this.#isQuestion(node)) return;
    else if (this.#isPutOff(node, name)) this.flush();
    else if (name === 'TR' && isData(node)) {
      this.flush();
      this.#line = rowText(node);
      this.flush(table ?? node);
    } else if (name === 'TABLE' && this.#writeTable(node)) return;
    else if (BLOCKS.has(name)) {
      this.flush();
      const outer = this.#shape;
      const level = /^H([1-6])$/u.exec(name)?.[1];
      if (level !== undefined) this.#shape = { kind: 'heading', level: Number(level) };
      else if (name === 'PRE') this.#shape = { kind: 'code' };
      this.#visitAll(node, name === 'TABLE' ? node : undefined);
      this.flush();
      this.#shape = outer;
    } else if (!HIDDEN.has(name)) this.#visitAll(node, table);
  }

  /** A table whose columns have names; false for any other. */
  #writeTable(node: Node): boolean {
    const table = isData(node, MOST_OF_TABLE) ? tableOf(node, wordsOf) : undefined;
    if (table === undefined || table.rows.some((cells) => cells.join('').length > LONGEST_ROW)) return false;
    this.flush();
    for (const caption of table.captions) {
      this.#line = caption;
      this.flush();
    }
    const [from, placed]: [number, PlacedRow[]] = [this.blocks.length, []];
    for (const cells of [table.names, ...table.rows]) {
      const before = this.blocks.length;
      this.#line = cells.join(' | ').replace(/[ |]+$/u, '');
      this.flush(node);
      const block = this.blocks[before];
      if (block !== undefined && cells !== table.names) placed.push({ start: block.start, end: block.end, cells });
    }
    const rows = rowBlocks(table.names, placed);
    if (rows === undefined) return true;
    const [{ isApart } = { isApart: undefined }] = this.blocks.splice(from, Infinity, ...rows);
    if (isApart === true) this.blocks[from]!.isApart = true;
    return true;
  }

  #visitAll(node: Node, table?: Node): void {
    for (const child of node.childNodes) this.visit(child, table);
  }

  #write(piece: string): void {
    if (/\S/u.test(piece)) this.#isBroken = false;
    const folded = this.#shape.kind === 'code' ? piece : piece.replace(/\s+/gu, ' ');
    this.#line += this.#line.endsWith(' ') && this.#shape.kind !== 'code' ? folded.trimStart() : folded;
  }

  /** One break is a space, a second one the end of a paragraph. */
  #break(): void {
    if (this.#shape.kind === 'code') this.#line += '\n';
    else if (this.#isBroken) this.flush();
    else this.#line = `${this.#line.trimEnd()} `;
    this.#isBroken = true;
  }

  /** Questions and headings that open what is below them are buttons, too. */
  #isQuestion(node: Node): boolean {
    return this.#shape.kind === 'heading' || (node.textContent ?? '').trim().split(/\s+/u).length > 2;
  }

  #isPutOff(node: Node, name: string): boolean {
    if (!HOLDERS.has(name)) return false;
    const links = this.links.get(node);
    if (links === undefined) return false;
    const isLinks = links.count >= 3 && links.linked >= 0.8 * links.all;
    if (name === 'NAV' && (isLinks || links.all <= SHORT_MENU)) return true;
    if (isLinks || BESIDE.has(name)) this.#beside.push(node);
    return isLinks || BESIDE.has(name);
  }
}

/** Of an element: its characters, those within links, and the links. */
interface Links {
  all: number;
  linked: number;
  count: number;
}

function linksOf(root: Node): Map<Node, Links> {
  const found = new Map<Node, Links>();
  const look = (node: Node, isLinked: boolean): Links => {
    const name = node.nodeName.toUpperCase();
    const sum: Links = { all: 0, linked: 0, count: 0 };
    if (node.nodeType === TEXT_NODE) sum.all = (node.textContent ?? '').trim().length;
    else if (!HIDDEN.has(name)) {
      for (const child of node.childNodes) {
        const { all, linked, count } = look(child, isLinked || name === 'A');
        sum.all += all;
        sum.linked += linked;
        sum.count += count;
      }
      if (name === 'A') sum.count++;
    }
    if (isLinked) sum.linked = sum.all;
    if (HOLDERS.has(name)) found.set(node, sum);
    return sum;
  };
  for (const child of root.childNodes) look(child, false);
  return found;
}

/** A row that tells something, and is not there for the look of the page. */
function isData(row: Node, most = LONGEST_ROW): boolean {
  let size = 0;
  const isPlain = (node: Node): boolean => {
    if (node.nodeType === TEXT_NODE) size += (node.textContent ?? '').length;
    if (size > most || (node !== row && NOT_IN_CELLS.has(node.nodeName.toUpperCase()))) return false;
    for (const child of node.childNodes) if (!isPlain(child)) return false;
    return true;
  };
  return isPlain(row);
}

function rowText(row: Node): string {
  const cells: string[] = [];
  for (const child of row.childNodes) {
    const cell = wordsOf(child).replace(/\s+/gu, ' ').trim();
    if (cell !== '') cells.push(cell);
  }
  return cells.join(' | ');
}

/** The text of a cell, its blocks divided by spaces. */
function wordsOf(node: Node): string {
  const name = node.nodeName.toUpperCase();
  if (node.nodeType === TEXT_NODE) return node.textContent ?? '';
  if (HIDDEN.has(name) || name === 'BUTTON') return '';
  let text = '';
  for (const child of node.childNodes) text += wordsOf(child);
  return BLOCKS.has(name) || name === 'BR' ? ` ${text} ` : text;
}
