// Workbooks of Excel: each row of a sheet a record, its fields named by the header, as in CSV. Cells have what was last computed;
// days are written as days. Not here: charts, formulas.
import { headerIn } from './csv-shape.js';
import { JoinedContent } from './joined.js';
import { RecordWriter, unusedName } from './record.js';
import { SkipError, type Reader } from './types.js';
import { attributesOf, besidePath, elementsOf, plainXml, taggedOf, tagsOf } from './xml.js';
import { readZip, requireSaneZip } from './zip.js';

export const readXlsx: Reader = async (bytes) => {
  if (bytes.toString('hex', 0, 4) === 'd0cf11e0') throw new SkipError('protected', 'It is protected by a password.');
  await requireSaneZip(bytes, 'workbook');
  const files = await readZip(bytes, (name) =>
    /^xl\/(?:workbook|sharedStrings|styles|worksheets\/|_rels\/).*(?:xml|rels)$/u.test(name),
  );
  const textOf = (path: string): string => files.get(path)?.toString('utf8') ?? '';
  const main = 'xl/workbook.xml';
  if (textOf(main) === '') throw new SkipError('corrupt', 'It is not a sound workbook: it has no list of sheets.');
  const shared = [...elementsOf(textOf('xl/sharedStrings.xml'), 'si')].map(stringOf);
  const isDay = daysAmongStyles(textOf('xl/styles.xml'));
  const paths = new Map(
    [...tagsOf(textOf('xl/_rels/workbook.xml.rels'), 'Relationship')].map((one) => [
      one.get('Id'),
      one.get('Target') ?? '',
    ]),
  );
  const joined = new JoinedContent();
  let sheets = 0;
  for (const sheet of tagsOf(textOf(main), 'sheet')) {
    const xml = textOf(besidePath(main, paths.get(sheet.get('r:id')) ?? ''));
    const rows = [...elementsOf(xml, 'row')]
      .map((row) => cellsOf(row, shared, isDay))
      .filter((row) => row.some((cell) => cell !== ''));
    sheets++;
    if (rows.length === 0) continue;
    const name = sheet.get('name') ?? `Sheet ${sheets}`;
    joined.add(recordsOf(rows), name, { sheet: name });
  }
  return { kind: 'xlsx', text: joined.text, blocks: joined.blocks, metadata: { sheets } };
};

function recordsOf(rows: readonly string[][]): RecordWriter {
  const { header, names } = headerIn(rows);
  const writer = new RecordWriter();
  // One row is no table.
  const [titles, records] = rows.length === 1 ? [rows, []] : [rows.slice(0, header), rows.slice(header + 1)];
  for (const row of titles) writer.addText(row.filter((cell) => cell !== '').join(' | '));
  for (const row of records) {
    const fields = new Map<string, string>();
    row.forEach((value, i) => {
      if (value !== '') fields.set(names[i] ?? unusedName(`column ${i + 1}`, fields), value);
    });
    writer.add(fields);
  }
  return writer;
}

/** Columns that a sheet has at most. */
const MOST_COLUMNS = 16_384;

function cellsOf(row: string, shared: readonly string[], isDay: readonly boolean[]): string[] {
  const cells: string[] = [];
  for (const { tag, inside } of taggedOf(row, 'c')) {
    const attributes = attributesOf(tag);
    const at = columnOf(attributes.get('r') ?? '') ?? cells.length;
    if (at >= MOST_COLUMNS) continue;
    while (cells.length < at) cells.push('');
    cells[at] = valueOf(attributes, inside, shared, isDay).replace(/\s+/gu, ' ').trim();
  }
  return cells;
}

function valueOf(
  attributes: ReadonlyMap<string, string>,
  inside: string,
  shared: readonly string[],
  isDay: readonly boolean[],
): string {
  const type = attributes.get('t');
  if (type === 'inlineStr') return stringOf(inside);
  const value = plainXml([...elementsOf(inside, 'v')][0] ?? '');
  if (type === 's') return shared[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'true' : 'false';
  if (type === 'e') return '';
  const number = Number(value);
  const isPlain = type === undefined || type === 'n';
  if (isPlain && value !== '' && isDay[Number(attributes.get('s') ?? 0)] === true && number > 0 && number < 2_958_466) {
    return dayOf(number);
  }
  return value;
}

/** Days since the last of 1899, as Excel counts them. */
function dayOf(serial: number): string {
  const iso = new Date(Math.round((serial - 25_569) * 86_400) * 1000).toISOString();
  if (serial < 1) return iso.slice(11, 16);
  return Number.isInteger(serial) ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/** Of each style whether it shows days or times. */
function daysAmongStyles(xml: string): boolean[] {
  const own = new Set<string>();
  for (const format of tagsOf(xml, 'numFmt')) {
    const code = (format.get('formatCode') ?? '').replace(/"[^"]*"|\[[^\]]*\]|\\./gu, '');
    if (/[dmyhs]/iu.test(code)) own.add(format.get('numFmtId') ?? '');
  }
  const formats = [...elementsOf(xml, 'cellXfs')][0] ?? '';
  return [...tagsOf(formats, 'xf')].map((format) => {
    const id = format.get('numFmtId') ?? '';
    const number = Number(id);
    return own.has(id) || (number >= 14 && number <= 22) || (number >= 45 && number <= 47);
  });
}

/** The text of a string, of which parts may look different; how it is pronounced is left out. */
function stringOf(xml: string): string {
  return plainXml([...elementsOf(xml.replace(/<rPh[^]*?(?:<\/rPh>|$)/gu, ''), 't')].join(''));
}

/** From 0: `AB7` is 27. */
function columnOf(reference: string): number | undefined {
  const letters = /^[A-Z]{1,3}/u.exec(reference)?.[0];
  if (letters === undefined) return undefined;
  return Array.from(letters).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}
