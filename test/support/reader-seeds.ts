// A small sound file of every format that is read, of which a fuzzer makes unsound ones. Of archives the parts are changed before they
// are packed, or no change would get past their checksums. Not here: changing them.
import PDFDocument from 'pdfkit';
import { deflatedZip } from './deflated-zip.js';

export interface Seed {
  name: string;
  /** @param change what is done to its bytes, or to those of each of its parts */
  make: (change: (bytes: Buffer) => Buffer) => Buffer;
}

const text = (name: string, source: string): Seed => ({ name, make: (change) => change(Buffer.from(source)) });

const zip = (name: string, parts: Record<string, string>): Seed => ({
  name,
  make: (change) => {
    const entries = Object.entries(parts);
    return deflatedZip(Object.fromEntries(entries.map(([path, part]) => [path, change(Buffer.from(part))])));
  },
});

const W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
const MAIL =
  'From: Mara <m@x.org>\nTo: b@x.org\nSubject: =?utf-8?Q?K=C3=A4se?=\nDate: Mon, 30 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n' +
  'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nIt is hot.\n--b\nContent-Type: text/html\n\n<p>It is <b>hot</b>.\n' +
  '--b\nContent-Type: text/csv; name="a.csv"\nContent-Disposition: attachment; filename="a.csv"\nContent-Transfer-Encoding: base64\n\nYSxiCjEsMgo=\n--b--\n';

/** Rows of a table that is too long for one passage. */
const ROWS = Array.from({ length: 40 }, (_, i) => [`P-${i}`, `${3 * i}`, `hall ${i % 7} of the east`]);
const bars = (divider: string): string =>
  ['| a | b | c |', divider, ...ROWS.map((row) => `| ${row.join(' | ')} |`)].join('\n');
const TABLE =
  '<table><caption>T</caption><thead><tr><th rowspan=2>a<th colspan=2>b</tr><tr><th>c<th>d</tr></thead><tbody>' +
  `${ROWS.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</tbody></table>`;

export async function readerSeeds(): Promise<Seed[]> {
  const pdf = await smallPdf();
  return [
    text('a.txt', 'First paragraph, of two\nlines.\n\nSecond — Käse, 窯 and so on.\n'),
    text('chat.txt', '31.12.20, 23:58 - Anna: Where?\n31.12.20, 23:59 - Ben: There,\non the hook.\n'),
    text(
      'a.md',
      '---\ntitle: A\ntags: [x, y]\n---\n# One\n\nText [[Link|there]] #tag.\n\n- a\n  - b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nx()\n```\n',
    ),
    text(
      'a.html',
      '<!doctype html><html><head><title>T</title><meta charset="utf-8"></head><body><nav><a href=x>y</a></nav><h1>H</h1><p>a<br><br>b<table><tr><td>1<td>2</table><pre>x\n y</pre></body></html>',
    ),
    text('table.md', `Text:\n${bars('|---|:-:|--:|')}\n\nEnd.\n`),
    text('table.org', `* A :b:\n${bars('|---+---+---|')}\n`),
    text('table.html', `<html><body>${TABLE}</body></html>`),
    text(
      'messages.html',
      '<html><body><div class="page_header"><div class="text bold">B</div></div><div class="page_body chat_page"><div class="history"><div class="message default clearfix"><div class="body"><div class="date" title="03.02.2026 21:05:11 UTC+01:00">x</div><div class="from_name">A</div><div class="text">y</div></div></div></div></div></body></html>',
    ),
    text(
      'a.vcf',
      'BEGIN:VCARD\r\nFN:Mara\r\nitem1.TEL;TYPE=CELL:+31\r\nN;ENCODING=QUOTED-PRINTABLE:V=C3=B6s;;\r\nPHOTO:AAAA\r\n AA\r\nEND:VCARD\r\n',
    ),
    text(
      'a.ics',
      'BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:A\\, b\nDTSTART;TZID=Europe/Bern:20260412T093000\nBEGIN:VALARM\nTRIGGER:-PT1M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n',
    ),
    text('plain.csv', '2026-01-02,14.2,ok\n2026-01-03,13.9,ok\n2026-01-04,15.0,fail\n'),
    text('a.csv', 'sep=;\nname;city\n"Mara ""V""";Bern\nBen;"Os\nlo"\n'),
    text('a.json', '{"a": [1, 2.50, {"b": "c\\u00e9", // x\n "d": null}], \'e\': 0x1F, f: [true,],}'),
    text('a.jsonl', '{"a":1}\n{"a":[2,{"b":3}]}\n'),
    text(
      'result.json',
      '{"name":"B","type":"personal_chat","id":1,"messages":[{"id":2,"type":"message","date":"2021-04-04T20:05:00","from":"A","text":["x",{"type":"link","text":"y"}]}]}',
    ),
    text(
      '2021-04-04.json',
      '[{"type":"message","user":"U1","text":"<@U2> &amp; <https://x|y>","ts":"1617566700.0001"}]',
    ),
    text('a.py', 'def a():\n    return 1\n\n\nclass B:\n    pass\n'),
    text('a.eml', MAIL),
    text('a.mbox', `From a@x Mon Nov 30 10:00:00 2026\n${MAIL}\nFrom b@x Mon Nov 30 11:00:00 2026\n${MAIL}`),
    text(
      'a.ipynb',
      '{"cells":[{"cell_type":"markdown","source":["# A\\n","b"]},{"cell_type":"code","source":"x","outputs":[{"text":["y"]}]}]}',
    ),
    text('a.srt', '1\n00:00:01,000 --> 00:00:02,000\n<i>Hello</i>\n\n2\n00:01:03,000 --> 00:01:04,000\nThere\n'),
    text('a.vtt', 'WEBVTT\n\n00:01.000 --> 00:02.000 line:0\n<v Anna>Hello\n'),
    text(
      'a.rtf',
      String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}}{\info{\title T}}\outlinelevel0 H\par \f0 \'cf\'e8\uc1\u26085?{\*\x y}\cell\row}`,
    ),
    text('a.org', '#+TITLE: A\n* TODO B :c:\n:PROPERTIES:\n:k: v\n:END:\nText.\n- x\n#+begin_src\ny\n#+end_src\n'),
    text(
      'a.tex',
      String.raw`\title{A}\begin{document}\section{B}\"a \c{c} $x$ % y
\begin{itemize}\item z\end{itemize}\begin{verbatim}v\end{verbatim}\input{w}\end{document}`,
    ),
    zip('a.docx', {
      '[Content_Types].xml':
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
      '_rels/.rels':
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
      'word/document.xml': `<w:document ${W}><w:body><w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>A</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>`,
      'word/header1.xml': `<w:hdr ${W}><w:p><w:r><w:t>Head</w:t></w:r></w:p></w:hdr>`,
    }),
    zip('a.odt', {
      'content.xml':
        '<office:document-content><office:body><text:h text:outline-level="2">A</text:h><text:p>b<text:s/>c</text:p><table:table><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table></office:body></office:document-content>',
    }),
    zip('a.pptx', {
      'ppt/presentation.xml': '<p:presentation><p:sldIdLst><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>',
      'ppt/_rels/presentation.xml.rels':
        '<Relationships><Relationship Id="r1" Type="http://x/slide" Target="slides/slide1.xml"/></Relationships>',
      'ppt/slides/slide1.xml':
        '<p:sld><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><p:txBody><a:p><a:r><a:t>A</a:t></a:r></a:p></p:txBody></p:sp></p:sld>',
    }),
    zip('a.ods', {
      'content.xml':
        '<d><office:body><office:spreadsheet><table:table table:name="A"><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"><text:p>b</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell><office:annotation><text:p>n</text:p></office:annotation><text:p>1</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table></office:spreadsheet></office:body></d>',
    }),
    zip('merged.xlsx', {
      'xl/workbook.xml': '<workbook><sheets><sheet name="A" r:id="r1"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels': '<Relationships><Relationship Id="r1" Target="worksheets/s.xml"/></Relationships>',
      'xl/styles.xml':
        '<s><numFmts><numFmt numFmtId="170" formatCode="0.0%"/></numFmts><cellXfs><xf numFmtId="170"/></cellXfs></s>',
      'xl/worksheets/s.xml':
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>a</t></is></c><c r="B2" t="inlineStr"><is><t>b</t></is></c></row><row r="3"><c r="A3"><v>1</v></c><c r="B3" s="0"><v>0.5</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A3:A4"/></mergeCells>',
    }),
    zip('a.xlsx', {
      'xl/workbook.xml': '<workbook><sheets><sheet name="A" r:id="r1"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels': '<Relationships><Relationship Id="r1" Target="worksheets/s.xml"/></Relationships>',
      'xl/sharedStrings.xml': '<sst><si><t>name</t></si><si><t>city</t></si></sst>',
      'xl/worksheets/s.xml':
        '<sheetData><row><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row><c r="A2"><v>1.5</v></c><c r="C2" t="inlineStr"><is><t>x</t></is></c></row></sheetData>',
    }),
    zip('a.epub', {
      'META-INF/container.xml': '<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>',
      'c.opf':
        '<package><metadata><dc:title>T</dc:title></metadata><manifest><item id="a" href="a.html"/></manifest><spine><itemref idref="a"/></spine></package>',
      'a.html': '<html><body><h1>A</h1><p>b</p></body></html>',
    }),
    { name: 'a.pdf', make: (change) => change(pdf) },
  ];
}

function smallPdf(): Promise<Buffer> {
  return new Promise((resolve) => {
    const document = new PDFDocument({ compress: false });
    const pieces: Buffer[] = [];
    document.on('data', (piece: Buffer) => pieces.push(piece));
    document.on('end', () => {
      resolve(Buffer.concat(pieces));
    });
    document.outline.addItem('Kilns');
    document.text('Kilns').text('It is hot.').text('left', 60, 200, { lineBreak: false }).text('right', 300, 200);
    document.end();
  });
}
