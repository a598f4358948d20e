// Rows of tables as passages that can stand alone: each has the names of its columns. Not here: which row names them (csv-shape.ts).
import { shapeOf, type Shape } from './csv-shape.js';
import { RecordWriter, unusedName } from './record.js';
import type { Block } from './types.js';

/** Characters of a table that is kept together: it has its header in the same passage. */
const SMALL = 600;

/** Characters of the names of columns, which are embedded with each row. */
const MOST_NAMES = 300;

/** Characters of a cell that is a field. */
const LONGEST_VALUE = 200;

/** A row as it stands in a text, [start, end). */
export interface PlacedRow {
  start: number;
  end: number;
  cells: readonly string[];
}

/** A table of its own: what stands above its header as text, each row a record. Columns without rows are text, too. */
export function addTable(writer: RecordWriter, { above, header, names, rows }: Shape): void {
  for (const row of rows.length === 0 ? [...above, header] : above) {
    const line = [...new Set(row.map((cell) => cell.trim()))].filter((cell) => cell !== '').join(' | ');
    if (line !== '') writer.addText(line);
  }
  for (const row of rows) writer.add(fieldsOf(row, names));
}

/** The rows of a sheet, in which what reaches over several cells stands in each of them. */
export function recordsOf(rows: readonly string[][]): RecordWriter {
  const writer = new RecordWriter();
  addTable(writer, shapeOf(rows, { isMerged: true }));
  return writer;
}

/** The rows of a table within a text, below its names: a passage each, which is called by the names. A small table is one
 * passage: undefined. */
export function rowBlocks(names: readonly string[], rows: readonly PlacedRow[]): Block[] | undefined {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined || last.end - first.start <= SMALL) return undefined;
  const columns = names.join(' | ').slice(0, MOST_NAMES);
  return rows.map(({ start, end, cells }) => {
    // A long text is no value to filter by, and each part of a row that is cut would carry it.
    const short = [...fieldsOf(cells, names)].filter(([, value]) => value.length <= LONGEST_VALUE);
    return { kind: 'record', start, end, columns, metadata: Object.fromEntries(short) };
  });
}

function fieldsOf(row: readonly string[], names: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  row.forEach((value, i) => {
    const name = names[i] ?? '';
    const cell = value.trim();
    if (cell !== '') fields.set(unusedName(name === '' ? `column ${i + 1}` : name, fields), cell);
  });
  return fields;
}
