// What each reader makes of a small file of its format, and which files are skipped with which reason.
import PDFDocument from 'pdfkit';
import { describe, expect, it } from 'vitest';
import { readContent, SkipError, type Content } from '../../../src/retrieval/readers/index.js';
import { rawPdf, type Word } from './raw-pdf.js';
import { storedZip } from '../models/stored-zip.js';

const read = (name: string, data: string | Buffer): Promise<Content> => readContent(Buffer.from(data as string), name);

/** Each block as `kind: text`. */
function blocks({ text, blocks: all }: Content): string[] {
  return all.map(({ kind, level, start, end }) => `${kind}${level ?? ''}: ${text.slice(start, end)}`);
}

async function reason(name: string, data: string | Buffer): Promise<string> {
  try {
    await read(name, data);
    return 'read';
  } catch (error) {
    if (error instanceof SkipError) return error.code;
    throw error;
  }
}

function pdf(pages: string[], options: PDFKit.PDFDocumentOptions = {}): Promise<Buffer> {
  return new Promise((resolve) => {
    const document = new PDFDocument({ info: { Title: 'Glazes', Author: 'M. Voss' }, ...options });
    const pieces: Buffer[] = [];
    document.on('data', (piece: Buffer) => pieces.push(piece));
    document.on('end', () => {
      resolve(Buffer.concat(pieces));
    });
    pages.forEach((text, i) => {
      if (i > 0) document.addPage();
      document.text(text);
    });
    document.end();
  });
}

const docx = (body: string, more: Record<string, string> = {}): Buffer =>
  storedZip({
    ...more,
    '[Content_Types].xml':
      '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    '_rels/.rels':
      '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
  });

describe('formats', () => {
  it('text: paragraphs between blank lines', async () => {
    const content = await read('a.txt', 'One\nline.\r\n\r\n  Two.  \n\n\n');
    expect(content.kind).toBe('text');
    expect(blocks(content)).toEqual(['text: One\nline.', 'text: Two.']);
  });

  it('markdown: headings, list items, code and tables at their places in the file', async () => {
    const source =
      '---\ntitle: "Plans"\n---\n# Garden\n\nText.\n\n- one\n- two\n\n```js\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n';
    const content = await read('a.md', source);
    expect(content.title).toBe('Plans');
    expect(content.text).toBe(source);
    expect(blocks(content)).toEqual([
      'heading1: # Garden',
      'text: Text.',
      'text: - one',
      'text: - two',
      'code: ```js\n# no heading\n```',
      'text: | a | b |\n|---|---|\n| 1 | 2 |',
    ]);
  });

  it('markdown: fields above the text, which are none where it begins with a rule', async () => {
    const front =
      '---\nauthor: Mara Voss\ntags: [clay, "kiln, gas"]\nversion: 1.10\nabout:\n  city: Bern\nlist:\n  - a\n---\n\nText.\n';
    const content = await read('a.md', front);
    expect(content.metadata).toMatchObject({
      ...{ author: 'Mara Voss', 'tags.0': 'clay', 'tags.1': 'kiln, gas', version: '1.10', 'about.city': 'Bern' },
      'list.0': 'a',
    });
    expect(blocks(content).at(-1)).toBe('text: Text.');
    expect(blocks(content)[0]).toContain('author: Mara Voss');
    const broken = await read('a.md', '---\ntitle: Kilns: a guide\ndraft: yes\n---\nText.');
    expect(broken).toMatchObject({ title: 'Kilns: a guide', metadata: { draft: 'yes' } });
    const toml = await read('a.md', '+++\ntitle = "Kilns"\ntags = ["a", "b"]\n+++\nText.');
    expect(toml).toMatchObject({ title: 'Kilns', metadata: { 'tags.1': 'b' } });
    for (const rule of [
      '---\n\nThe kiln: it is hot.\n\n---\n\nEnd.\n',
      '---\nThe kiln is hot.\n\n---\n\nEnd.\n',
      '---\nWe have seen that the kiln is: hot\n---\nEnd.\n',
    ]) {
      const found = blocks(await read('a.md', rule)).join('\n');
      expect(found).toMatch(/hot/u);
      expect(found).toMatch(/End/u);
    }
  });

  it('html: the text without navigation and scripts', async () => {
    const source =
      '<html><head><title>Bridge</title><style>p{}</style></head><body><nav>Home</nav><h2>The bridge</h2>' +
      '<p>Built in <b>1532</b>.</p><script>var x</script><table><tr><td>a</td><td>b</td></tr></table></body></html>';
    const content = await read('a.html', source);
    expect(content.title).toBe('Bridge');
    expect(blocks(content)).toEqual(['heading2: The bridge', 'text: Built in 1532.', 'text: a | b']);
  });

  it('html: all of a page but its menu, whatever its parts are called', async () => {
    const words = 'A kiln is fired for twelve hours, and cools for two days before anybody may open it. '.repeat(4);
    const source =
      `<html><head><title>Kiln</title><meta name="author" content="Mara"></head><body><form><nav><a href="/">Home</a></nav>` +
      `<div class="menu"><a>One</a> <a>Two</a> <a>Three</a></div><div class="header">Open on Tuesday.</div>` +
      `<article><h1>Kiln</h1><p>${words}</p><p>${words}</p><p>${words}</p></article>` +
      `<div class="extra">Bring gloves.</div><div class="comment">Otis: too hot.</div>` +
      `<div class="contact">Call 555 01.</div><h3><button>Is it safe?</button></h3><div>Yes.</div>` +
      `<button>Send</button><footer>Hill Lane 7</footer></form></body></html>`;
    const content = await read('a.html', source);
    const found = blocks(content);
    for (const text of ['Open on Tuesday.', 'Bring gloves.', 'Otis: too hot.', 'Call 555 01.', 'Yes.', 'Hill Lane 7']) {
      expect(found).toContain(`text: ${text}`);
    }
    expect(found).toContain('heading3: Is it safe?');
    expect(found.filter((block) => /Home|Send/u.test(block))).toEqual([]);
    expect(found.indexOf('text: One Two Three')).toBeGreaterThan(found.indexOf('text: Yes.'));
    expect(content.metadata).toMatchObject({ author: 'Mara' });
  });

  it('html: a row of a table a line, what is a table for its look as it stands', async () => {
    const table =
      '<table><tr><th><p>Name</p></th><th>City</th></tr><tr><td><p>Mara</p></td><td><div>Bern</div></td></tr></table>';
    const content = await read(
      'a.html',
      `<table><tr><td><h2>Guests</h2>${table}</td></tr></table><p>End.<br>It<br><br>is.</p>`,
    );
    expect(content.text).toBe('Guests\n\nName | City\nMara | Bern\n\nEnd. It\n\nis.');
  });

  it('html: believes a declared encoding', async () => {
    const source = Buffer.from('<meta charset="windows-1251"><p>\xcf\xf0\xe8\xe2\xe5\xf2</p>', 'latin1');
    expect((await read('a.html', source)).text).toBe('Привет');
  });

  it('pdf: the text of its pages, title and author', async () => {
    const content = await read('x.pdf', await pdf(['Celadon needs iron.', 'Shino crawls.']));
    expect(content.title).toBe('Glazes');
    expect(content.metadata).toMatchObject({ pages: 2, author: 'M. Voss' });
    expect(content.text.slice(content.pages![1])).toMatch(/^Shino crawls\./);
    expect(blocks(content)).toEqual(['text: Celadon needs iron.', 'text: Shino crawls.']);
  });

  /** Draws words at their places, one after another. */
  const drawn = (words: readonly (readonly [text: string, x: number, y: number])[]): Promise<Buffer> =>
    new Promise((resolve) => {
      const document = new PDFDocument();
      const pieces: Buffer[] = [];
      document.on('data', (piece: Buffer) => pieces.push(piece));
      document.on('end', () => {
        resolve(Buffer.concat(pieces));
      });
      document.fontSize(10);
      for (const [text, x, y] of words) document.text(text, x, y, { lineBreak: false });
      document.end();
    });

  it('pdf: columns one after the other, though they are drawn line by line', async () => {
    const line = (column: string, i: number): string => `${column} column line ${i} tells about the kiln`;
    const lines = Array.from({ length: 8 }, (_, i) => i);
    const title = ['A title that goes over both of the columns of this page from left to right', 60, 60] as const;
    const body = lines.flatMap((i) => [
      [line('Left', i), 60, 100 + 14 * i] as const,
      [line('Right', i), 320, 100 + 14 * i] as const,
    ]);
    const content = await read('x.pdf', await drawn([title, ...body]));
    expect(content.text.split('\n').filter((one) => one !== '')).toEqual([
      ...[title[0], ...lines.map((i) => line('Left', i)), ...lines.map((i) => line('Right', i))],
    ]);
  });

  it('pdf: a table row by row, though it is drawn column by column', async () => {
    const columns = [
      ['Day', 'Monday', 'Tuesday'],
      ['Heat', '900', '1000'],
      ['Glaze', 'iron red', 'ash'],
    ];
    const cells = columns.flatMap((column, x) => column.map((cell, y) => [cell, 60 + 120 * x, 100 + 14 * y] as const));
    const content = await read('x.pdf', await drawn([...cells, ['A sentence below it all.', 60, 200]]));
    expect(content.text.split('\n').filter((one) => one !== '')).toEqual([
      ...['Day | Heat | Glaze', 'Monday | 900 | iron red', 'Tuesday | 1000 | ash', 'A sentence below it all.'],
    ]);
  });

  it('pdf: its outline as headings', async () => {
    const bytes = await new Promise<Buffer>((resolve) => {
      const document = new PDFDocument();
      const pieces: Buffer[] = [];
      document.on('data', (piece: Buffer) => pieces.push(piece));
      document.on('end', () => {
        resolve(Buffer.concat(pieces));
      });
      const chapter = document.outline.addItem('Firing the kiln');
      chapter.addItem('Not on the page');
      document.text('1. Firing the kiln').text('It is hot.');
      document.addPage().text('Before.');
      chapter.addItem('Cooling');
      document.text('Cooling').text('Slowly.');
      document.addPage(); // nothing on it
      document.end();
    });
    const content = await read('x.pdf', bytes);
    expect(blocks(content)).toEqual([
      ...['heading1: 1. Firing the kiln', 'text: It is hot.', 'text: Before.', 'heading2: Cooling', 'text: Slowly.'],
    ]);
    expect(content.left).toEqual([{ what: '1 of 3 pages', why: 'there is no text on them, and no OCR' }]);
  });

  it('pdf: Chinese, Japanese and Korean in the encodings that a file need not explain', async () => {
    const { default: iconv } = await import('iconv-lite');
    const cases = [
      ['GBK-EUC-H', 'GB1', '窑的温度是一千度', 'gbk'],
      ['UniGB-UCS2-H', 'GB1', '窑的温度是一千度', 'utf-16be'],
      ['90ms-RKSJ-H', 'Japan1', '窯の温度は千度です', 'shift_jis'],
      ['KSCms-UHC-H', 'Korea1', '가마의 온도', 'euc-kr'],
      ['ETen-B5-H', 'CNS1', '窯的溫度', 'big5'],
    ] as const;
    for (const [encoding, ordering, text, bytes] of cases) {
      const hex = iconv.encode(text, bytes).toString('hex');
      const content = await read('x.pdf', rawPdf([{ hex, x: 50, y: 700 }], { encoding, ordering }));
      expect(content.text.trim(), encoding).toBe(text);
    }
  });

  it('pdf: Hebrew and Arabic in the order of reading, however their words were drawn', async () => {
    const font = { encoding: 'Identity-H', ordering: 'Identity', unicode: true };
    const hexOf = (text: string): string => Buffer.from(text, 'utf16le').swap16().toString('hex');
    const turned = (text: string): string => Array.from(text).reverse().join('');
    const widthOf = (text: string): number => text.length * 6;
    /** Draws words where they stand on the page: the first at the right, letters as the eye meets them from the left. */
    const line = (words: readonly string[], y: number): Word[] => {
      let right = 500;
      return words.map((word) => {
        right -= widthOf(word);
        const drawn = /[A-Za-z0-9]/u.test(word) ? word : turned(word);
        const placed = { hex: hexOf(drawn), x: right, y };
        right -= 4;
        return placed;
      });
    };
    const text = ['התנור', 'חם', 'בשעה', '12:30', 'בדיוק'];
    const arabic = ['الفرن', 'ساخن', 'جدا'];
    const words = [line(text, 700), line(arabic, 660)];
    const expected = 'התנור חם בשעה 12:30 בדיוק\n\nالفرن ساخن جدا';
    for (const order of [words, words.map((some) => some.toReversed())]) {
      const content = await read('x.pdf', rawPdf(order.flat(), font));
      expect(content.text.trim()).toBe(expected);
    }
    // Latin words inside keep their own order.
    const mixed = ['התנור', 'Kiln', 'Works', 'חם'];
    const placed = line(['התנור', 'Works', 'Kiln', 'חם'], 700);
    expect((await read('x.pdf', rawPdf(placed.toReversed(), font))).text.trim()).toBe(mixed.join(' '));
  });

  it('docx: headings and paragraphs', async () => {
    const paragraph = (text: string, style = ''): string => `<w:p>${style}<w:r><w:t>${text}</w:t></w:r></w:p>`;
    const body = paragraph('Firing', '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>') + paragraph('Twelve hours.');
    const content = await read('x.docx', docx(body));
    expect(content.title).toBe('Firing');
    expect(blocks(content)).toEqual(['heading1: Firing', 'text: Twelve hours.']);
  });

  it('docx: headers, footers and comments, each once, and tables a row a line', async () => {
    const run = (text: string): string => `<w:r><w:t>${text}</w:t></w:r>`;
    const cell = (text: string): string => `<w:tc><w:p>${run(text)}</w:p></w:tc>`;
    const rows = Array.from({ length: 14 }, (_, i) => `<w:tr>${cell(`Day ${i}`)}${cell(`${i} &amp; more`)}</w:tr>`);
    const part = (name: string, ...texts: string[]): string =>
      `<?xml version="1.0"?><w:${name} xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">` +
      `${texts.map((text) => `<w:p>${run(text)}</w:p>`).join('')}</w:${name}>`;
    const content = await read(
      'x.docx',
      docx(`<w:p>${run('Twelve hours.')}</w:p><w:tbl>${rows.join('')}</w:tbl>`, {
        'word/header1.xml': part('hdr', 'Clay &amp; Co'),
        'word/header2.xml': part('hdr', 'Clay &amp; Co'),
        'word/footer1.xml': part('ftr', 'Invoice 4711', '7'),
        'word/comments.xml': part('comments', 'Ask Otis.'),
        'docProps/core.xml': '<x xmlns:dc="d"><dc:creator>Mara</dc:creator></x>',
      }),
    );
    const lines = content.text.split('\n').filter((line) => line !== '');
    expect(lines).toEqual([
      'Clay & Co',
      'Twelve hours.',
      ...rows.map((_, i) => `Day ${i} | ${i} & more`),
      ...['Invoice 4711', 'Ask Otis.'],
    ]);
    expect(content.metadata).toEqual({ author: 'Mara' });
  });

  it('csv: rows with the names of their columns, whatever the separator', async () => {
    const content = await read('a.csv', 'name;city\n"Anna; B.";Bern\nBo;\n');
    expect(blocks(content)).toEqual(['record: name: Anna; B.\ncity: Bern', 'record: name: Bo']);
    expect(content.blocks[0]!.metadata).toEqual({ name: 'Anna; B.', city: 'Bern' });
  });

  it('json and json lines: a record for each element or line', async () => {
    const value = { name: 'Anna', address: { city: 'Bern' }, tags: ['a', 'b'] };
    const expected = ['record: name: Anna\naddress.city: Bern\ntags.0: a\ntags.1: b', 'record: value: 7'];
    expect(blocks(await read('a.json', JSON.stringify([value, 7])))).toEqual(expected);
    expect(blocks(await read('a.jsonl', `${JSON.stringify(value)}\n\n7\n`))).toEqual(expected);
  });

  it('code: what is indented stays with what it belongs to', async () => {
    const content = await read('a.py', 'import os\n\ndef f():\n    x = 1\n\n    return x\n\n\ndef g():\n    pass\n');
    expect(blocks(content)).toEqual([
      'code: import os',
      'code: def f():\n    x = 1\n\n    return x',
      'code: def g():\n    pass',
    ]);
  });
});

describe('records', () => {
  it('keep every digit of a number that JavaScript has not', async () => {
    const content = await read(
      'a.json',
      '[{"id":1180347812640293713},{"id":1180347812640293714,"v":1.50,"big":1e400}]',
    );
    expect(blocks(content)).toEqual([
      'record: id: 1180347812640293713',
      'record: id: 1180347812640293714\nv: 1.50\nbig: 1e400',
    ]);
    expect(content.blocks[0]!.metadata).toEqual({ id: '1180347812640293713' });
  });

  it('are read from JSON with comments, trailing commas and values one after another', async () => {
    const tsconfig =
      '// made by hand\n{\n  /* strict: */ "strict": true, // yes\n  "paths": { "@/*": ["src/*", ], },\n}\n';
    expect(blocks(await read('tsconfig.json', tsconfig))).toEqual(['record: strict: true\npaths.@/*.0: src/*']);
    expect(blocks(await read('a.json', "{'a': 'it\\'s', b: 0x1F}\n{\"c\": NaN}"))).toEqual([
      "record: a: it's\nb: 0x1F",
      'record: c: NaN',
    ]);
    expect(blocks(await read('a.jsonl', '[1, 2]\n[3]\n'))).toEqual(['record: 0: 1\n1: 2', 'record: 0: 3']);
    expect(blocks(await read('a.json', '[{"a": "x] [y"}, {"a": "z"}]'))).toEqual(['record: a: x] [y', 'record: a: z']);
  });

  it('name the line where JSON ends to be sound', async () => {
    await expect(read('a.json', '{\n"a": 1,\n"b" 2}')).rejects.toThrow('Line 3: expected : but found "2}"');
  });

  it('have the columns of a table under a line for Excel, a title and a date', async () => {
    const table = 'name;city\nAnna;Bern\nBo;Oslo\n';
    const records = ['record: name: Anna\ncity: Bern', 'record: name: Bo\ncity: Oslo'];
    expect(blocks(await read('a.csv', `sep=;\r\n${table}`))).toEqual(records);
    expect(blocks(await read('a.csv', `"sep=;"\n${table}`))).toEqual(records);
    expect(blocks(await read('a.csv', `Guests, all of them\nMade on 2026-03-01\n\n${table}`))).toEqual([
      'text: Guests, all of them',
      'text: Made on 2026-03-01',
      ...records,
    ]);
    expect(blocks(await read('a.csv', `Guests;\n${table}`))).toEqual(['text: Guests', ...records]);
    expect(blocks(await read('a.csv', `# by hand; for us; only\n${table}`))).toEqual([
      'text: # by hand | for us | only',
      ...records,
    ]);
  });

  it('have a name for each column: of R, of pandas, of two that are called alike', async () => {
    expect(blocks(await read('r.csv', 'height,weight\nAnna,170,60\nBo,180,80\n'))[0]).toBe(
      'record: column 1: Anna\nheight: 170\nweight: 60',
    );
    expect(blocks(await read('p.csv', ',city\n0,Bern\n'))[0]).toBe('record: column 1: 0\ncity: Bern');
    expect(blocks(await read('d.csv', 'name,mail,mail\nBo,a@b.org,c@d.org\n'))[0]).toBe(
      'record: name: Bo\nmail: a@b.org\nmail 2: c@d.org',
    );
  });
});

describe('encodings', () => {
  const german = 'Schöne Grüße aus Köln: das Café am Fluß öffnet später, für alle Bürger und Gäste.';
  const russian = 'Съешь же ещё этих мягких французских булок, да выпей чаю. Это проверка кодировки текста.';
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

  it('are told apart', async () => {
    const { default: iconv } = await import('iconv-lite');
    const cases: [string, Buffer][] = [
      [german, Buffer.from(german)],
      [german, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(german)])],
      [german, Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(german)])],
      [german, Buffer.concat([Buffer.from([0xfe, 0xff]), utf16(german).swap16()])],
      [german, utf16(german)],
      [german, iconv.encode(german, 'windows-1252')],
      [russian, iconv.encode(russian, 'koi8-r')],
      [
        'こんにちは、世界。これは日本語の文章です。',
        iconv.encode('こんにちは、世界。これは日本語の文章です。', 'shift_jis'),
      ],
      ['今天天气很好，我们一起去公园散步吧。', iconv.encode('今天天气很好，我们一起去公园散步吧。', 'gb18030')],
    ];
    const read1 = async (bytes: Buffer): Promise<string> => (await read('a.txt', bytes)).text;
    expect(await Promise.all(cases.map(([, bytes]) => read1(bytes)))).toEqual(cases.map(([text]) => text));
  });

  it('of seven bits are told by their escapes', async () => {
    const { default: iconv } = await import('iconv-lite');
    const sevenBits = (text: string, encoding: string): Buffer =>
      Buffer.from(iconv.encode(text, encoding).map((byte) => byte & 0x7f));
    const escaped = (...parts: (string | Buffer)[]): Buffer =>
      Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    const japanese = '窯の温度は千度です。';
    const cases: [string, Buffer][] = [
      [`Re: ${japanese} ok`, escaped('Re: \x1b$B', sevenBits(japanese, 'euc-jp'), '\x1b(B ok')],
      [`${japanese}\nﾃｽﾄ`, escaped('\x1b$@', sevenBits(japanese, 'euc-jp'), '\x1b(J\n\x1b(IC=D\x1b(B')],
      ['Hi 안녕하세요!', escaped('\x1b$)CHi \x0e', sevenBits('안녕하세요', 'euc-kr'), '\x0f!')],
      ['Hi 今天 ~!', escaped('Hi ~{', sevenBits('今天', 'gb2312'), '~} ~~!')],
      ['red', escaped('\x1b[31mred\x1b[0m')], // a terminal's colour
    ];
    for (const [text, bytes] of cases) expect((await read('a.txt', bytes)).text).toBe(text);
  });

  it('UTF-8 stays UTF-8 where a byte is bad', async () => {
    const chinese = '今天天气很好，我们一起去公园散步吧。';
    const withByte = (text: string, byte: number): Buffer => {
      const half = Buffer.from(text.slice(0, 12));
      return Buffer.concat([half, Buffer.from([byte]), Buffer.from(text.slice(12))]);
    };
    for (const text of [german, chinese, russian]) {
      for (const byte of [0xff, 0xe9, 0x80, 0xc3]) {
        const content = await read('a.txt', withByte(text, byte));
        expect(content.text.replace(/\uFFFD/gu, '')).toBe(text);
        expect(content.metadata).toMatchObject({ encoding: 'utf-8' });
      }
    }
    const cut = Buffer.from(chinese).subarray(0, 40);
    expect((await read('a.txt', cut)).text).toBe(`${chinese.slice(0, 13)}\uFFFD`);
    const stray = Buffer.concat([Buffer.from(german.repeat(20)), Buffer.from([0]), Buffer.from(german)]);
    expect((await read('a.txt', stray)).text).toContain(german);
  });

  it('UTF-16 is known without a mark where zero bytes are few', async () => {
    const texts = [
      '今天天气很好，我们一起去公园散步吧。',
      '第一章\n窯の温度は千度です。\n第二章',
      '안녕하세요. 오늘은 날씨가 좋습니다.',
      'API 说明：使用 POST 方法。\r\n',
      russian,
    ];
    for (const text of texts) {
      expect((await read('a.txt', utf16(text))).text).toBe(text);
      expect((await read('a.txt', utf16(text).swap16())).text).toBe(text);
    }
  });

  it('a short text is what reads like one', async () => {
    const { default: iconv } = await import('iconv-lite');
    const pangram = 'Съешь же ещё этих мягких французских булок, да выпей чаю.';
    for (const encoding of ['koi8-r', 'windows-1251', 'iso-8859-5']) {
      expect((await read('a.txt', iconv.encode(pangram, encoding))).text).toBe(pangram);
    }
    const late = Buffer.concat([Buffer.from('plain\n'.repeat(20_000)), iconv.encode(german, 'windows-1252')]);
    expect((await read('a.txt', late)).text).toContain(german);
  });
});

describe('files that give no text', () => {
  it('are skipped with the reason', async () => {
    const locked = await pdf(['Secret.'], { userPassword: 'x' });
    const sound = await pdf(['Sound.']);
    const png = Buffer.from('89504e470d0a1a0a0000000d', 'hex');
    expect({
      empty: await reason('a.txt', ''),
      blank: await reason('a.txt', ' \n\t\n'),
      binary: await reason('a.txt', Buffer.from([1, 2, 0, 3, 4, 0, 0, 9])),
      picture: await reason('a.md', png),
      archive: await reason('a.txt', storedZip({ a: 'b' })),
      'a pdf with a password': await reason('a.pdf', locked),
      'a pdf cut short': await reason('a.pdf', sound.subarray(0, 300)),
      'a pdf that is none': await reason('a.pdf', 'hello'),
      'a docx with a password': await reason('a.docx', Buffer.from('d0cf11e0a1b11ae1', 'hex')),
      'a docx that is none': await reason('a.docx', 'hello'),
      'a zip that is no docx': await reason('a.docx', storedZip({ a: 'b' })),
      'broken json': await reason('a.json', '{"a": '),
      'a broken line': await reason('a.jsonl', '{"a": 1}\n{'),
      'utf-32': await reason('a.txt', Buffer.from('fffe000041000000', 'hex')),
      'a pdf by another name': await reason('a.txt', sound),
    }).toEqual({
      empty: 'empty',
      blank: 'empty',
      binary: 'binary',
      picture: 'binary',
      archive: 'binary',
      'a pdf with a password': 'protected',
      'a pdf cut short': 'corrupt',
      'a pdf that is none': 'corrupt',
      'a docx with a password': 'protected',
      'a docx that is none': 'corrupt',
      'a zip that is no docx': 'corrupt',
      'broken json': 'corrupt',
      'a broken line': 'corrupt',
      'utf-32': 'unsupported',
      'a pdf by another name': 'read',
    });
  });

  it('are skipped where a reader cannot cope with them, too', async () => {
    expect(await reason('stub.docx', 'PK')).toBe('corrupt');
    const deep = 20_000;
    expect(await reason('deep.html', `${'<div>'.repeat(deep)}x${'</div>'.repeat(deep)}`)).toBe('corrupt');
    expect(await reason('deep.json', `${'{"":'.repeat(deep)}1${'}'.repeat(deep)}`)).not.toBe('read');
  });
});
