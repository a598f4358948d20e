// What each reader makes of a small file of its format, and which files are skipped with which reason.
import PDFDocument from 'pdfkit';
import { describe, expect, it } from 'vitest';
import { readContent, SkipError, type Content } from '../../../src/retrieval/readers/index.js';
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

const docx = (body: string): Buffer =>
  storedZip({
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

  it('html: the text without navigation and scripts', async () => {
    const source =
      '<html><head><title>Bridge</title><style>p{}</style></head><body><nav>Home</nav><h2>The bridge</h2>' +
      '<p>Built in <b>1532</b>.</p><script>var x</script><table><tr><td>a</td><td>b</td></tr></table></body></html>';
    const content = await read('a.html', source);
    expect(content.title).toBe('Bridge');
    expect(blocks(content)).toEqual(['heading2: The bridge', 'text: Built in 1532.', 'text: a | b']);
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

  it('docx: headings and paragraphs', async () => {
    const paragraph = (text: string, style = ''): string => `<w:p>${style}<w:r><w:t>${text}</w:t></w:r></w:p>`;
    const body = paragraph('Firing', '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>') + paragraph('Twelve hours.');
    const content = await read('x.docx', docx(body));
    expect(content.title).toBe('Firing');
    expect(blocks(content)).toEqual(['heading1: Firing', 'text: Twelve hours.']);
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
