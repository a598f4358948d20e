// Workbooks of Excel: each row of a sheet a record, its fields named by the header, as in CSV. Cells have what was last computed;
// days are written as days. Not here: charts, formulas.
import { JoinedContent } from './joined.js';
import { recordsOf } from './table.js';
import { SkipError, type LeftOut, type Reader } from './types.js';
import { attributesOf, besidePath, elementsOf, plainXml, taggedOf, tagsOf } from './xml.js';
import { readZip, requireSaneZip } from './zip.js';

export const readXlsx: Reader = async (bytes) => {
  if (bytes.toString('hex', 0, 4) === 'd0cf11e0') throw new SkipError('protected', 'It is protected by a password.');
  await requireSaneZip(bytes, 'workbook');
  const files = await readZip(bytes, (name) =>
    /^xl\/(?:workbook|sharedStrings|styles|worksheets\/|_rels\/|comments|threadedComments).*(?:xml|rels)$/u.test(name),
  );
  const textOf = (path: string): string => files.get(path)?.toString('utf8') ?? '';
  const main = 'xl/workbook.xml';
  if (textOf(main) === '') throw new SkipError('corrupt', 'It is not a sound workbook: it has no list of sheets.');
  const shared = [...elementsOf(textOf('xl/sharedStrings.xml'), 'si')].map(stringOf);
  const formats = formatsOf(textOf('xl/styles.xml'));
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
    const rows = rowsOf(xml, (row) => cellsOf(row, shared, formats));
    sheets++;
    if (rows.length === 0) continue;
    const name = sheet.get('name') ?? `Sheet ${sheets}`;
    joined.add(recordsOf(rows), name, { sheet: name });
  }
  return { kind: 'xlsx', text: joined.text, blocks: joined.blocks, metadata: { sheets }, left: commentsLeft(files) };
};

/** Cells that are merged to more are a drawing. */
const MOST_MERGED = 10_000;

/** The rows of a sheet that have something in them; what reaches over several cells stands in each of them. */
function rowsOf(xml: string, cellsOf: (row: string) => string[]): string[][] {
  const rows = new Map<number, string[]>();
  for (const { tag, inside } of taggedOf(xml, 'row')) {
    const number = Number(attributesOf(tag).get('r') ?? rows.size + 1);
    const cells = cellsOf(inside);
    if (cells.some((cell) => cell !== '')) rows.set(number, cells);
  }
  for (const merged of tagsOf(xml, 'mergeCell')) {
    const [, from, top, to, bottom] =
      /^([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})$/u.exec(merged.get('ref') ?? '') ?? [];
    const [left, right] = [columnOf(from ?? ''), columnOf(to ?? '')];
    if (left === undefined || right === undefined) continue;
    if ((right - left + 1) * (Number(bottom) - Number(top) + 1) > MOST_MERGED) continue;
    const value = rows.get(Number(top))?.[left] ?? '';
    for (let row = Number(top); value !== '' && row <= Number(bottom); row++) {
      const cells = rows.get(row);
      for (let at = left; cells !== undefined && at <= right; at++) {
        while (cells.length < at) cells.push('');
        if ((cells[at] ?? '') === '') cells[at] = value;
      }
    }
  }
  return [...rows].sort(([a], [b]) => a - b).map(([, cells]) => cells);
}

/** Columns that a sheet has at most. */
const MOST_COLUMNS = 16_384;

function cellsOf(row: string, shared: readonly string[], formats: readonly Format[]): string[] {
  const cells: string[] = [];
  for (const { tag, inside } of taggedOf(row, 'c')) {
    const attributes = attributesOf(tag);
    const at = columnOf(attributes.get('r') ?? '') ?? cells.length;
    if (at >= MOST_COLUMNS) continue;
    while (cells.length < at) cells.push('');
    cells[at] = valueOf(attributes, inside, shared, formats).replace(/\s+/gu, ' ').trim();
  }
  return cells;
}

function valueOf(
  attributes: ReadonlyMap<string, string>,
  inside: string,
  shared: readonly string[],
  formats: readonly Format[],
): string {
  const type = attributes.get('t');
  if (type === 'inlineStr') return stringOf(inside);
  const value = plainXml([...elementsOf(inside, 'v')][0] ?? '');
  if (type === 's') return shared[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'true' : 'false';
  if (type === 'e') return '';
  const number = Number(value);
  const isPlain = type === undefined || type === 'n';
  const format = formats[Number(attributes.get('s') ?? 0)];
  if (!isPlain || value === '') return value;
  if (format === 'day' && number > 0 && number < 2_958_466) return dayOf(number);
  // What a person sees, to as many digits as a double has for sure.
  if (format === 'percent' && Number.isFinite(number)) return `${Number((number * 100).toPrecision(15))}%`;
  return value;
}

/** Days since the last of 1899, as Excel counts them. */
function dayOf(serial: number): string {
  const iso = new Date(Math.round((serial - 25_569) * 86_400) * 1000).toISOString();
  if (serial < 1) return iso.slice(11, 16);
  return Number.isInteger(serial) ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

type Format = 'day' | 'percent' | undefined;

/** Of each style whether it shows days or times, or hundredths. */
function formatsOf(xml: string): Format[] {
  const own = new Map<string, Format>();
  for (const format of tagsOf(xml, 'numFmt')) {
    const code = (format.get('formatCode') ?? '').replace(/"[^"]*"|\[[^\]]*\]|\\./gu, '');
    own.set(format.get('numFmtId') ?? '', /[dmyhs]/iu.test(code) ? 'day' : code.includes('%') ? 'percent' : undefined);
  }
  const formats = [...elementsOf(xml, 'cellXfs')][0] ?? '';
  return [...tagsOf(formats, 'xf')].map((format) => {
    const id = format.get('numFmtId') ?? '';
    const number = Number(id);
    if (own.has(id)) return own.get(id);
    if (number === 9 || number === 10) return 'percent';
    return (number >= 14 && number <= 22) || (number >= 45 && number <= 47) ? 'day' : undefined;
  });
}

/** Comments of cells, which no row has. */
function commentsLeft(files: ReadonlyMap<string, Buffer>): LeftOut[] {
  let count = 0;
  for (const [path, xml] of files) {
    if (/^xl\/(?:.*\/)?comments[^/]*$/u.test(path)) count += [...tagsOf(xml.toString('utf8'), 'comment')].length;
  }
  if (count === 0) return [];
  return [{ what: count === 1 ? '1 comment' : `${count} comments`, why: 'they stand beside the cells' }];
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
