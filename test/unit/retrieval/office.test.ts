// Books, slides, sheets, OpenDocument, notebooks and subtitles: what each reader makes of a small file of its format.
import { describe, expect, it } from 'vitest';
import { chunkContent } from '../../../src/retrieval/chunks.js';
import { readContent, type Content } from '../../../src/retrieval/readers/index.js';
import { storedZip } from '../models/stored-zip.js';

const read = (name: string, data: string | Buffer): Promise<Content> => readContent(Buffer.from(data as string), name);

/** Each passage with its headings and its page. */
const passages = (content: Content): unknown[] =>
  chunkContent(content).map(({ headings, page, text }) => [...headings, ...(page === undefined ? [] : [page]), text]);

const relationships = (targets: Record<string, [type: string, target: string]>): string =>
  `<Relationships>${Object.entries(targets)
    .map(([id, [type, target]]) => `<Relationship Id="${id}" Type="http://x/${type}" Target="${target}"/>`)
    .join('')}</Relationships>`;

describe('formats', () => {
  it('epub: chapters in the order of the spine', async () => {
    const content = await read(
      'a.epub',
      storedZip({
        'META-INF/container.xml': '<container><rootfiles><rootfile full-path="OEBPS/c.opf"/></rootfiles></container>',
        'OEBPS/c.opf':
          '<package><metadata><dc:title>Kilns &amp; Clay</dc:title><dc:creator>Mara Voss</dc:creator></metadata>' +
          '<manifest><item id="a" href="text/two%20.xhtml"/><item id="b" href="one.xhtml#x"/></manifest>' +
          '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>',
        'OEBPS/one.xhtml': '<html><body><h1>Wood</h1><p>It smokes.</p></body></html>',
        'OEBPS/text/two .xhtml': '<html><body><p>Gas is clean.</p></body></html>',
      }),
    );
    expect(content).toMatchObject({ title: 'Kilns & Clay', metadata: { author: 'Mara Voss' } });
    expect(passages(content)).toEqual([['Wood', 'It smokes.'], ['Gas is clean.']]);
    expect(await read('b.epub', storedZip({ a: 'b' })).catch((error: unknown) => error)).toMatchObject({
      code: 'corrupt',
    });
  });

  it('pptx: a slide is a page, with its table and its notes', async () => {
    const text = (words: string): string => `<a:p><a:r><a:t>${words}</a:t></a:r></a:p>`;
    const shape = (words: string, type = ''): string =>
      `<p:sp><p:nvPr><p:ph type="${type}"/></p:nvPr><p:txBody>${words}</p:txBody></p:sp>`;
    const cell = (words: string): string => `<a:tc><a:txBody>${text(words)}</a:txBody></a:tc>`;
    const content = await read(
      'a.pptx',
      storedZip({
        'ppt/presentation.xml':
          '<p:presentation><p:sldIdLst><p:sldId r:id="r2"/><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>',
        'ppt/_rels/presentation.xml.rels': relationships({
          r1: ['slide', 'slides/slide1.xml'],
          r2: ['slide', 'slides/slide2.xml'],
        }),
        'ppt/slides/slide1.xml': `<p:sld>${shape(text('It is hot &amp; dry.'))}<p:graphicFrame><a:tbl><a:tr>${cell('Day')}${cell('Heat')}</a:tr><a:tr>${cell('1')}${cell('900')}</a:tr></a:tbl></p:graphicFrame></p:sld>`,
        'ppt/slides/slide2.xml': `<p:sld>${shape(text('By Mara'))}${shape(text('Kilns'), 'ctrTitle')}</p:sld>`,
        'ppt/slides/_rels/slide1.xml.rels': relationships({ n: ['notesSlide', '../notesSlides/notesSlide1.xml'] }),
        'ppt/notesSlides/notesSlide1.xml': `<p:notes>${shape(text('Say it slowly.'))}${shape(text('2'), 'sldNum')}</p:notes>`,
      }),
    );
    expect(passages(content)).toEqual([
      ['Kilns', 1, 'By Mara'],
      ['Kilns', 2, 'It is hot & dry.\n\nDay | Heat\n\n1 | 900\n\nSay it slowly.'],
    ]);
  });

  it('xlsx: a row of a sheet is a record, with days as days', async () => {
    const content = await read(
      'a.xlsx',
      storedZip({
        'xl/workbook.xml':
          '<workbook><sheets><sheet name="Firings" r:id="r1"/><sheet name="Notes" r:id="r2"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels': relationships({
          r1: ['worksheet', 'worksheets/sheet1.xml'],
          r2: ['worksheet', '/xl/worksheets/sheet2.xml'],
        }),
        'xl/sharedStrings.xml':
          '<sst><si><t>name</t></si><si><r><t>da</t></r><r><t>y</t></r></si><si><t>Otis &amp; Co</t></si></sst>',
        'xl/styles.xml': '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        'xl/worksheets/sheet1.xml':
          '<worksheet><sheetData><row><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>heat</t></is></c></row>' +
          '<row><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>46084</v></c><c r="C2"><v>1280.5</v></c></row>' +
          '<row><c r="C3"><v>7</v></c></row></sheetData></worksheet>',
        'xl/worksheets/sheet2.xml':
          '<worksheet><sheetData><row><c t="str"><v>Only this.</v></c></row></sheetData></worksheet>',
      }),
    );
    expect(passages(content)).toEqual([
      ['Firings', 'name: Otis & Co\nday: 2026-03-03\nheat: 1280.5'],
      ['Firings', 'heat: 7'],
      ['Notes', 'Only this.'],
    ]);
    expect(chunkContent(content)[0]!.metadata).toMatchObject({ sheet: 'Firings', day: '2026-03-03' });
  });

  it('odt: headings, paragraphs and rows of tables', async () => {
    const content = await read(
      'a.odt',
      storedZip({
        'content.xml':
          '<office:document-content><office:body><office:text><text:h text:style-name="x" text:outline-level="2">Gas</text:h>' +
          '<text:p>It<text:s/>is <text:span>clean</text:span> &amp; hot.</text:p><text:p/><table:table><table:table-row>' +
          '<table:table-cell><text:p>Day</text:p></table:table-cell><table:table-cell><text:p>1</text:p></table:table-cell>' +
          '</table:table-row></table:table></office:text></office:body></office:document-content>',
        'meta.xml': '<m><dc:title>Kilns</dc:title></m>',
      }),
    );
    expect(content.title).toBe('Kilns');
    expect(passages(content)).toEqual([['Gas', 'It is clean & hot.\n\nDay | 1']]);
  });

  it('ipynb: cells in their order, code with what it printed', async () => {
    const cells = [
      { cell_type: 'markdown', source: ['# Heat\n', 'It rises.'] },
      { cell_type: 'code', source: 'print("```")', outputs: [{ text: ['1280\n'] }, { data: { 'image/png': 'iVBO' } }] },
    ];
    const content = await read('a.ipynb', JSON.stringify({ cells, metadata: {} }));
    expect(passages(content)).toEqual([['Heat', 'It rises.\n\n````\nprint("```")\n````\n\n```\n1280\n```']]);
    expect(await read('b.ipynb', '{}').catch((error: unknown) => error)).toMatchObject({ code: 'corrupt' });
  });

  it('srt and vtt: what is said, with its time', async () => {
    const srt =
      '1\r\n00:00:01,000 --> 00:00:02,000\r\n<i>The kiln</i>\r\n\r\n2\r\n00:00:03,500 --> 00:00:04,000\r\nis hot.\r\n\r\n3\r\n01:02:03,000 --> 01:02:04,000\r\nEnd.\r\n';
    const found = chunkContent(await read('a.srt', srt));
    expect(found.map(({ text, metadata }) => [metadata!['time'], text])).toEqual([
      ['00:00:01', 'The kiln\nis hot.'],
      ['01:02:03', 'End.'],
    ]);
    expect((await read('a.vtt', 'WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000 align:left\nHi.\n')).text).toBe('Hi.');
  });
});
