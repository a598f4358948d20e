// Sheets of OpenDocument: each row of a table a record, as in CSV. Cells have what is shown. Not here: the archive (odt.ts).
import { JoinedContent } from './joined.js';
import { recordsOf } from './table.js';
import type { Content } from './types.js';
import { attributesOf, elementsOf, plainXml, taggedOf } from './xml.js';

/** Rows and cells that are said to repeat more often fill the rest of an empty sheet. */
const MOST_REPEATED = 1000;

/** Columns of a sheet that are read. */
const MOST_COLUMNS = 16_384;

/** Content of the inside of `office:spreadsheet`. */
export function sheetsOf(xml: string): Content {
  const joined = new JoinedContent();
  let sheets = 0;
  for (const { tag, inside } of taggedOf(xml, 'table:table')) {
    sheets++;
    const rows = rowsOf(inside);
    if (rows.length === 0) continue;
    const name = attributesOf(tag).get('table:name') ?? `Sheet ${sheets}`;
    joined.add(recordsOf(rows), name, { sheet: name });
  }
  return { kind: 'xlsx', text: joined.text, blocks: joined.blocks, metadata: { sheets } };
}

function rowsOf(xml: string): string[][] {
  const rows: string[][] = [];
  for (const { tag, inside } of taggedOf(xml, 'table:table-row')) {
    const cells = cellsOf(inside);
    if (cells.every((cell) => cell === '')) continue;
    for (let i = repeated(tag, 'rows'); i > 0; i--) rows.push([...cells]);
  }
  return rows;
}

function cellsOf(row: string): string[] {
  const cells: string[] = [];
  // What is covered by the cell beside or above it is a cell, too.
  for (const { tag, inside } of taggedOf(row.replaceAll('covered-table-cell', 'table-cell'), 'table:table-cell')) {
    const note = inside.replace(/<office:annotation[^]*?<\/office:annotation>/gu, '');
    const text = [...elementsOf(note, 'text:p')]
      .map((part) => plainXml(part.replace(/<[^<>]*>/gu, '')))
      .join(' ')
      .trim();
    for (let i = repeated(tag, 'columns'); i > 0 && cells.length < MOST_COLUMNS; i--) cells.push(text);
  }
  while (cells.at(-1) === '') cells.pop();
  return cells;
}

function repeated(tag: string, what: 'rows' | 'columns'): number {
  const count = Number(attributesOf(tag).get(`table:number-${what}-repeated`) ?? 1);
  return count >= 1 && count <= MOST_REPEATED ? count : 1;
}
