// CSV and TSV: each row a record, its fields named by the header, as `name: value` lines that a model can read. Fields are
// metadata too, so that a search can be narrowed to `city=Bern`. What stands above the header (a title, a date) is text. Not
// here: which separator and which row (csv-shape.ts).
import { aboutDecoded, decodeText } from './decode.js';
import { separatorOf, shapeOf } from './csv-shape.js';
import { RecordWriter } from './record.js';
import { addTable } from './table.js';
import { SkipError, type Reader } from './types.js';

export const readCsv: Reader = async (bytes, path, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  const { parse } = await import('csv-parse/sync');
  const { separator, start } = separatorOf(source, path);
  let rows: string[][];
  try {
    rows = parse(source.slice(start), {
      delimiter: separator,
      bom: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    });
  } catch (error) {
    throw new SkipError('corrupt', `It is not sound CSV: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const writer = new RecordWriter();
  const shape = shapeOf(rows);
  addTable(writer, shape);
  const { text, blocks } = writer;
  return { kind: 'csv', text, blocks, ...aboutDecoded(about, { rows: shape.rows.length }) };
};
