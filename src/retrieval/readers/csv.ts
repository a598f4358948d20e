// CSV and TSV: each row a record, its fields named by the first row, as `name: value` lines that a model can read. Fields are
// metadata too, so that a search can be narrowed to `city=Bern`.
import { decodeText } from './decode.js';
import { recordText } from './record.js';
import { SkipError, type Block, type Metadata, type Reader } from './types.js';

export const readCsv: Reader = async (bytes, path) => {
  const { text: source, encoding } = await decodeText(bytes);
  const { parse } = await import('csv-parse/sync');
  const delimiter = /\.tsv$/iu.test(path) ? '\t' : guessDelimiter(source);
  let rows: string[][];
  try {
    rows = parse(source, {
      delimiter,
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
  const [header = [], ...records] = rows;
  const names = header.map((name, i) => (name.trim() === '' ? `column ${i + 1}` : name.trim()));
  let text = '';
  const blocks: Block[] = [];
  for (const record of records) {
    const fields: Metadata = {};
    record.forEach((value, i) => {
      if (value.trim() !== '') fields[names[i] ?? `column ${i + 1}`] = value.trim();
    });
    const line = recordText(fields);
    if (line === '') continue;
    blocks.push({ kind: 'record', start: text.length, end: text.length + line.length, metadata: fields });
    text += `${line}\n\n`;
  }
  return { kind: 'csv', text, blocks, metadata: { encoding, rows: records.length } };
};

/** Of the separators in use the one that the first line has most of, outside quotes. */
function guessDelimiter(text: string): string {
  const line = (/^[^\r\n]*/u.exec(text)?.[0] ?? '').replace(/"[^"]*"/gu, '');
  const counted = [',', ';', '\t', '|'].map((mark) => ({ mark, count: line.split(mark).length }));
  return counted.reduce((best, one) => (one.count > best.count ? one : best)).mark;
}
