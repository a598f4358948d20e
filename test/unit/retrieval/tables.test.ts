// Tables wherever they stand: a row that is found alone carries the names of its columns, in whatever format it was written.
import PDFDocument from 'pdfkit';
import { describe, expect, it } from 'vitest';
import { chunkContent, type Chunk } from '../../../src/retrieval/chunks.js';
import { readContent, type Content } from '../../../src/retrieval/readers/index.js';
import { storedZip } from '../models/stored-zip.js';

const read = (name: string, data: string | Buffer): Promise<Content> => readContent(Buffer.from(data as string), name);
const chunksOf = async (name: string, data: string | Buffer): Promise<Chunk[]> => chunkContent(await read(name, data));

const NAMES = ['Pump', 'Flow', 'Place'];
const ROWS = Array.from({ length: 40 }, (_, i) => [`P-${100 + i}`, `${20 + 3 * i}`, `hall ${i % 7}`]);

/** Each row is one passage, under the names of its columns, with its fields. */
function expectRows(chunks: readonly Chunk[]): void {
  for (const [pump, flow, place] of ROWS) {
    const found = chunks.filter(({ text }) => text.includes(pump!));
    expect(found).toHaveLength(1);
    expect(found[0]!.text).toContain(flow);
    expect(found[0]!.headings.at(-1)).toBe('Pump | Flow | Place');
    expect(found[0]!.metadata).toMatchObject({ Pump: pump, Flow: flow, Place: place });
  }
}

describe('a long table', () => {
  it('in Markdown, under a line of text', async () => {
    const bars = [NAMES, ['---', ':-:', '--:'], ...ROWS].map((row) => `| ${row.join(' | ')} |`).join('\n');
    const chunks = await chunksOf('a.md', `# Pumps\n\nAll of them:\n${bars}\n\nThe end.\n`);
    expectRows(chunks);
    expect(chunks[0]).toMatchObject({ text: 'All of them:', headings: ['Pumps'] });
    expect(chunks.at(-1)).toMatchObject({ text: 'The end.', headings: ['Pumps'] });
  });

  it('in Org', async () => {
    const bars = ['| Pump | Flow | Place |', '|---+---+---|', ...ROWS.map((row) => `| ${row.join(' | ')} |`)];
    expectRows(await chunksOf('a.org', `* Pumps\n${bars.join('\n')}\n`));
  });

  it('in HTML, with marks of a header or without', async () => {
    for (const tag of ['th', 'td']) {
      const row = (cells: readonly string[], name = 'td'): string =>
        `<tr>${cells.map((cell) => `<${name}>${cell}</${name}>`).join('')}</tr>`;
      const table = `<table>${row(NAMES, tag)}${ROWS.map((cells) => row(cells)).join('')}</table>`;
      expectRows(await chunksOf('a.html', `<html><body><h1>Pumps</h1>${table}</body></html>`));
    }
  });

  it('in a PDF, where names of columns stand as close as words', async () => {
    const document = new PDFDocument();
    const pieces: Buffer[] = [];
    document.on('data', (piece: Buffer) => pieces.push(piece));
    const ended = new Promise((resolve) => document.on('end', resolve));
    document.fontSize(10).text('All pumps are listed below, those of the east hall too.', 60, 60);
    [NAMES, ...ROWS].forEach((row, i) => {
      row.forEach((cell, j) => document.text(cell, 60 + 40 * j, 90 + 14 * i, { lineBreak: false }));
    });
    document.end();
    await ended;
    const chunks = await chunksOf('a.pdf', Buffer.concat(pieces));
    expectRows(chunks);
    expect(chunks[0]!.text).toBe('All pumps are listed below, those of the east hall too.');
  });
});

describe('a table', () => {
  it('of HTML names columns by all rows of its head, and keeps cells in their columns', async () => {
    const source =
      '<html><body><table><caption>Fees</caption><thead><tr><th rowspan=2>Country</th><th colspan=2>Fee</th></tr>' +
      '<tr><th>Small</th><th>Large</th></tr></thead><tbody><tr><td rowspan=2>Chile</td><td></td><td>19.00</td></tr>' +
      '<tr><td>4.10</td></tr></tbody></table></body></html>';
    const { text } = await read('a.html', source);
    expect(text).toBe('Fees\n\nCountry | Fee Small | Fee Large\nChile |  | 19.00\nChile | 4.10');
  });

  it('without a header has no names taken from its first row; years may be names', async () => {
    const plain = await read('a.csv', '2026-01-02,14.2,ok\n2026-01-03,13.9,ok\n2026-01-04,15.0,fail\n');
    expect(plain.text).toContain('column 1: 2026-01-02\ncolumn 2: 14.2\ncolumn 3: ok');
    expect(plain.metadata).toMatchObject({ rows: 3 });
    const years = await read('b.csv', 'land,2020,2021\nPeru,3,4\nMali,5,6\nFiji,7,8\n');
    expect(years.text).toContain('land: Peru\n2020: 3\n2021: 4');
  });

  it('of nothing but its header is text', async () => {
    expect((await read('a.csv', 'First,,Phone\n')).text.trim()).toBe('First | Phone');
  });

  it('does not carry a long cell on each part of its row', async () => {
    const long = 'It is fired slowly. '.repeat(70);
    const rows = Array.from({ length: 5 }, (_, i) => `<tr><td>K${i}</td><td>${long}</td></tr>`).join('');
    const chunks = await chunksOf(
      'a.html',
      `<html><body><table><tr><th>Kiln</th><th>How</th></tr>${rows}</table></body></html>`,
    );
    expect(chunks.length).toBeGreaterThan(5);
    for (const { metadata } of chunks) expect(Object.keys(metadata ?? {})).toEqual(['Kiln']);
  });

  it('of cells that are only bars is read', async () => {
    const rows = '<tr><td>|</td><td></td></tr>'.repeat(3);
    const content = await read(
      'a.html',
      `<html><body><table><tr><th>a</th><th>b</th></tr>${rows}<tr><td>1</td><td>2</td></tr></table></body></html>`,
    );
    expect(content.text).toBe('a | b\n1 | 2');
  });

  it('of a sheet fills cells that reach over several, names columns by two rows, shows shares as they look', async () => {
    const cell = (at: string, text: string): string => `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`;
    const sheet =
      `<row r="1">${cell('A1', 'Rota')}</row><row r="2">${cell('A2', 'Day')}${cell('B2', 'Early')}${cell('D2', 'Share')}</row>` +
      `<row r="3">${cell('B3', 'Cook')}${cell('C3', 'Server')}</row>` +
      `<row r="4">${cell('A4', 'Monday')}${cell('B4', 'Ilse')}${cell('C4', 'Tom')}<c r="D4" s="1"><v>0.125</v></c></row>` +
      `<row r="5">${cell('B5', 'Una')}${cell('C5', 'Raj')}<c r="D5" s="1"><v>0.07</v></c></row>`;
    const merged = ['A1:D1', 'A2:A3', 'B2:C2', 'D2:D3', 'A4:A5'].map((ref) => `<mergeCell ref="${ref}"/>`).join('');
    const content = await read(
      'a.xlsx',
      storedZip({
        'xl/workbook.xml': '<workbook><sheets><sheet name="One" r:id="r1"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        'xl/styles.xml': '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="10"/></cellXfs></styleSheet>',
        'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${sheet}</sheetData><mergeCells>${merged}</mergeCells></worksheet>`,
        'xl/comments1.xml': '<comments><commentList><comment ref="B4"><text/></comment></commentList></comments>',
      }),
    );
    expect(chunkContent(content).map(({ text }) => text)).toEqual([
      'Rota',
      'Day: Monday\nEarly Cook: Ilse\nEarly Server: Tom\nShare: 12.5%',
      'Day: Monday\nEarly Cook: Una\nEarly Server: Raj\nShare: 7%',
    ]);
    expect(content.left).toEqual([{ what: '1 comment', why: 'they stand beside the cells' }]);
  });

  it('of OpenDocument is a sheet, with cells that repeat', async () => {
    const row = (...cells: string[]): string => `<table:table-row>${cells.join('')}</table:table-row>`;
    const cell = (text: string, more = ''): string =>
      `<table:table-cell${more}><text:p>${text}</text:p></table:table-cell>`;
    const sheet =
      row(cell('Item'), cell('Count'), cell('Spare')) +
      row(cell('Rope &amp; cord'), cell('14', ' table:number-columns-repeated="2"')) +
      row(cell('Buoy'), '<table:table-cell/>', cell('3')) +
      '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>';
    const chunks = await chunksOf(
      'a.ods',
      storedZip({
        'content.xml': `<d><office:body><office:spreadsheet><table:table table:name="Stock">${sheet}</table:table></office:spreadsheet></office:body></d>`,
      }),
    );
    expect(chunks.map(({ headings, text }) => [...headings, text])).toEqual([
      ['Stock', 'Item: Rope & cord\nCount: 14\nSpare: 14'],
      ['Stock', 'Item: Buoy\nSpare: 3'],
    ]);
  });
});

describe('other files that people have', () => {
  it('cards and events are records, made whole where lines were folded', async () => {
    const cards =
      'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Petra Vos\r\nitem1.TEL;TYPE=CELL:+31 6 1234\r\nBDAY:19800405\r\n' +
      'PHOTO;ENCODING=b:AAAA\r\n AAAA\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:Otis\r\nEND:VCARD\r\n';
    const content = await read('a.vcf', cards);
    expect(chunkContent(content).map(({ text }) => text)).toEqual([
      'fn: Petra Vos\ntel (cell): +31 6 1234\nbday: 1980-04-05',
      'fn: Otis',
    ]);
    expect(content.left).toEqual([{ what: '1 pictures and sounds', why: 'there is no text in them' }]);
    const calendar =
      'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Dentist\r\nDTSTART;TZID=Europe/Bern:20260412T093000\r\n' +
      'DESCRIPTION:Bring the X-ray\\, and\r\n  the card\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n';
    expect((await read('a.ics', calendar)).text.trim()).toBe(
      'summary: Dentist\ndtstart: 2026-04-12 09:30\ndescription: Bring the X-ray, and the card',
    );
  });

  it('a page of Telegram is a conversation', async () => {
    const message = (at: string, name: string, text: string): string =>
      `<div class="message default clearfix${name === '' ? ' joined' : ''}"><div class="body"><div class="pull_right date details" title="${at}">x</div>` +
      `${name === '' ? '' : `<div class="from_name">${name}</div>`}${text}</div></div>`;
    const page =
      '<html><head><title>Exported Data</title></head><body><div class="page_header"><div class="text bold">Sailing</div></div>' +
      `<div class="page_body chat_page"><div class="history">${message('03.02.2026 21:05:11 UTC+01:00', 'Olga', '<div class="text">Pier <b>6</b></div>')}` +
      `${message('03.02.2026 21:06:00 UTC+01:00', '', '<div class="media_wrap"></div><div class="text">bring gloves</div>')}</div></div></body></html>`;
    const content = await read('messages.html', page);
    expect(content).toMatchObject({ kind: 'chat', title: 'Sailing', metadata: { messages: 2 } });
    expect(content.text).toBe('2026-02-03 21:05 Olga: Pier 6\n2026-02-03 21:06 Olga: bring gloves');
    expect(content.left).toEqual([{ what: '1 pictures and files', why: 'they are files of their own' }]);
  });

  it('say who speaks in subtitles, what went wrong in a notebook, and have no colours of a terminal', async () => {
    const vtt = 'WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ruth>We begin <i>with</i> the dam.</v>\n';
    expect((await read('a.vtt', vtt)).text).toBe('Ruth: We begin with the dam.');
    const outputs = [
      { output_type: 'execute_result', data: { 'text/plain': ['42'] } },
      { output_type: 'error', ename: 'ValueError', evalue: 'bad tide', traceback: [] },
    ];
    const notebook = JSON.stringify({ cells: [{ cell_type: 'code', source: 'f()', outputs }] });
    expect((await read('a.ipynb', notebook)).text).toContain('42\nValueError: bad tide\n');
    expect((await read('a.log', '\u001B[1;32mINFO\u001B[0m fan 4')).text).toBe('INFO fan 4');
  });

  it('a PDF that says it has no title has none', async () => {
    for (const [title, expected] of [['(anonymous)'], ['Microsoft Word - plan.docx'], ['Plan 2.0', 'Plan 2.0']]) {
      const document = new PDFDocument({ info: { Title: title! } });
      const pieces: Buffer[] = [];
      document.on('data', (piece: Buffer) => pieces.push(piece));
      const ended = new Promise((resolve) => document.on('end', resolve));
      document.text('Some words.').end();
      await ended;
      expect((await read('a.pdf', Buffer.concat(pieces))).title).toBe(expected);
    }
  });
});
