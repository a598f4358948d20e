// A brain's documents over real files with a fake embedder: what a run does, and does again; bad input; two at once.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeWriterLock } from '../../../src/database/index.js';
import type { Embedder } from '../../../src/embedding/index.js';
import { readHere } from '../../../src/retrieval/apart/index.js';
import { Retrieval, type IngestOptions, type IngestReport } from '../../../src/retrieval/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

let root: string;
let home: string;
let docs: string;
let embedder: FakeEmbedder;
let retrieval: Retrieval;

const openWith = (with_: Embedder): Retrieval =>
  new Retrieval({ home, brain: 'default', embedder: () => Promise.resolve(with_), reader: readHere });
const write = (name: string, text: string | Buffer): void => {
  mkdirSync(join(docs, name, '..'), { recursive: true });
  writeFileSync(join(docs, name), text);
};
const ingest = (options: IngestOptions = {}): Promise<IngestReport> => retrieval.ingest([docs], options);
const names = (paths: readonly string[]): string[] => paths.map((path) => path.slice(docs.length + 1)).sort();
const brief = (report: IngestReport): object => ({
  added: names(report.added),
  changed: names(report.changed),
  removed: names(report.removed),
  unchanged: report.unchanged,
  skipped: Object.fromEntries(report.skipped.map(({ path, code }) => [path.slice(docs.length + 1), code])),
});
const found = async (question: string, options = {}): Promise<string[]> =>
  (await retrieval.search(question, options)).map(({ text }) => text);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'engram-ingest-'));
  home = join(root, 'home');
  docs = join(root, 'docs');
  mkdirSync(docs);
  embedder = new FakeEmbedder();
  retrieval = openWith(embedder);
});
afterEach(async () => {
  await retrieval.close();
  rmSync(root, { recursive: true, force: true });
});

describe('ingest', () => {
  it('does only what changed, and removes what was deleted', async () => {
    write('kiln.txt', 'The kiln is fired on Tuesday.');
    write('sub/rose.md', '# Roses\n\nPrune in March.');
    expect(brief(await ingest())).toMatchObject({ added: ['kiln.txt', 'sub/rose.md'], unchanged: 0 });
    const asked = embedder.asked.length;
    expect(brief(await ingest())).toEqual({ added: [], changed: [], removed: [], unchanged: 2, skipped: {} });
    expect(embedder.asked.slice(asked).flat()).toEqual([]);

    write('kiln.txt', 'The kiln is fired on Friday.');
    rmSync(join(docs, 'sub'), { recursive: true });
    write('new.txt', 'A new file.');
    expect(brief(await retrieval.ingest([]))).toEqual({
      ...{ added: ['new.txt'], changed: ['kiln.txt'], removed: ['sub/rose.md'], unchanged: 0, skipped: {} },
    });
    expect(await found('when is the kiln fired')).toContain('The kiln is fired on Friday.');
    expect(await found('kiln prune roses', { k: 9 })).toHaveLength(2);
  });

  it('embeds nothing again of a file that was moved', async () => {
    write('a.txt', 'The kiln is fired on Tuesday.');
    await ingest();
    const asked = embedder.asked.length;
    renameSync(join(docs, 'a.txt'), join(docs, 'b.txt'));
    expect(brief(await ingest())).toMatchObject({ added: ['b.txt'], removed: ['a.txt'] });
    expect(embedder.asked.slice(asked).flat()).toEqual([]);
    expect((await retrieval.search('kiln'))[0]!.source).toBe(join(docs, 'b.txt'));
  });

  it('stores of a large object no more than a few times its size', async () => {
    const messages = Array.from({ length: 2000 }, (_, i) => ({
      id: i,
      from: 'Anna',
      text: `Message ${i} of the kiln.`,
    }));
    const text = JSON.stringify({ name: 'Chat', messages });
    write('chat.json', text);
    await ingest();
    expect(statSync(join(home, 'brains', 'default', 'library.sqlite')).size).toBeLessThan(12 * text.length);
    const [best] = await retrieval.search('Message 1234', { where: { name: 'chat' }, mode: 'lexical' });
    expect(best!.text).toContain('Message 1234 of the kiln.');
  });

  it('respects ignore files, hidden files and links', async () => {
    write('.gitignore', '*.log\nbuild/\n!keep.log\n');
    write('sub/.engramignore', 'secret.txt\n');
    for (const name of [
      'a.txt',
      'x.log',
      'keep.log',
      'build/y.txt',
      'sub/secret.txt',
      'sub/b.txt',
      '.hidden',
      'node_modules/m.js',
    ]) {
      write(name, `Text of ${name}.`);
    }
    writeFileSync(join(root, 'outside.txt'), 'Outside.');
    symlinkSync(join(root, 'outside.txt'), join(docs, 'link.txt'));
    symlinkSync(docs, join(docs, 'circle'));
    expect(brief(await ingest())).toMatchObject({
      added: ['a.txt', 'keep.log', 'sub/b.txt'],
      skipped: { 'link.txt': 'unsupported', circle: 'unsupported' },
    });
  });

  it('leaves out what programs keep beside a file, unless it is named', async () => {
    const beside = [
      'notes.md~',
      '#notes.md#',
      'notes.md.bak',
      '~$report.docx',
      'a.txt.swp',
      'b.orig',
      '~WRL0001.tmp',
      'c.part',
    ];
    for (const name of beside) write(name, 'What it said before.');
    write('notes.md', 'What it says.');
    write('save.old/c#.txt', 'Sound.');
    expect(brief(await ingest())).toMatchObject({ added: ['notes.md', 'save.old/c#.txt'], skipped: {} });
    expect(brief(await retrieval.ingest([join(docs, 'notes.md.bak')]))).toMatchObject({ added: ['notes.md.bak'] });
  });

  it('skips what it cannot read with a reason, and goes on', async () => {
    write('empty.txt', '');
    write('binary.dat', Buffer.from([0, 1, 2, 0]));
    write('broken.json', '{');
    write('good.txt', 'Good.');
    writeFileSync(join(docs, 'huge.txt'), '');
    truncateSync(join(docs, 'huge.txt'), 2 ** 30); // sparse
    const report = await ingest();
    expect(brief(report)).toEqual({
      ...{ added: ['good.txt'], changed: [], removed: [], unchanged: 0 },
      skipped: { 'empty.txt': 'empty', 'binary.dat': 'binary', 'broken.json': 'corrupt', 'huge.txt': 'too_large' },
    });
    expect(report.skipped.find(({ code }) => code === 'too_large')!.reason).toContain('1,073.7 MB');
    expect(brief(await ingest())).toMatchObject({ added: [], unchanged: 1, skipped: { 'empty.txt': 'empty' } });
    expect(brief(await ingest({ maxBytes: 3 }))).toMatchObject({ skipped: { 'good.txt': 'too_large' } });
  });

  it.skipIf(process.getuid?.() === 0)('keeps what it knows of folders that cannot be read', async () => {
    write('sub/a.txt', 'Text.');
    await ingest();
    chmodSync(join(docs, 'sub'), 0);
    const report = brief(await ingest());
    chmodSync(join(docs, 'sub'), 0o755);
    expect(report).toMatchObject({ removed: [], skipped: { sub: 'unreadable' } });
  });

  it.skipIf(process.platform !== 'linux')('reads files and folders whose names are no UTF-8', async () => {
    const folder = Buffer.concat([Buffer.from(`${docs}/caf`), Buffer.from([0xe9])]);
    mkdirSync(folder);
    writeFileSync(
      Buffer.concat([folder, Buffer.from('/t\u00E9'), Buffer.from([0xff]), Buffer.from('.md')]),
      '# Tea\n\nIt is hot.',
    );
    writeFileSync(Buffer.concat([folder, Buffer.from('/.gitignore')]), 'x.txt');
    writeFileSync(Buffer.concat([folder, Buffer.from('/x.txt')]), 'Ignored.');
    expect(brief(await ingest())).toMatchObject({ added: ['caf\\xE9/t\u00E9\\xFF.md'], skipped: {} });
    expect(await found('tea')).toEqual(['It is hot.']);
    expect(brief(await ingest())).toMatchObject({ added: [], removed: [], unchanged: 1 });
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe, and says what is no file', async () => {
    execFileSync('mkfifo', [join(docs, 'pipe.txt'), join(docs, '.gitignore')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(docs, 'socket'), resolve));
    symlinkSync('/dev/zero', join(docs, 'zero.txt'));
    write('a.txt', 'Text.');
    const report = await ingest();
    const named = await retrieval.ingest([join(docs, 'pipe.txt'), '/dev/zero']);
    server.close();
    expect(brief(report)).toMatchObject({ added: ['a.txt'] });
    expect(Object.fromEntries(report.skipped.map(({ path, reason }) => [path.slice(docs.length + 1), reason]))).toEqual(
      {
        'pipe.txt': 'It is a named pipe, which is not read.',
        socket: 'It is a socket, which is not read.',
        'zero.txt': 'It is a symbolic link, which is not followed.',
      },
    );
    expect(named.skipped.map(({ reason }) => reason)).toEqual([
      'It is a named pipe, which is not read.',
      'It is a device, which is not read.',
    ]);
  });

  it('reads in the encoding that was set, and again the next time', async () => {
    const text = 'Пироги пекут в печи.';
    write('a.txt', iconv.encode(text, 'cp866'));
    await ingest({ encoding: 'koi8-r' });
    expect(await found('x')).not.toEqual([text]);
    expect(brief(await ingest({ encoding: 'cp866' }))).toMatchObject({ changed: ['a.txt'] });
    expect(await found('x')).toEqual([text]);
    write('a.txt', iconv.encode(`${text} Вот.`, 'cp866'));
    await ingest();
    expect(await found('x')).toEqual([`${text} Вот.`]);
    await expect(ingest({ encoding: 'klingon' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('says of what it guessed the encoding, and which bytes are none of it', async () => {
    write(
      'guess.txt',
      iconv.encode('Пироги пекут в печи, а потом едят всей семьёй за большим столом.', 'windows-1251'),
    );
    write('bad.txt', Buffer.concat([Buffer.from('Das Käsebrötchen schmeckt köstlich. '), Buffer.from([0xff])]));
    write('sure.txt', 'Übung.');
    const { partly } = await ingest();
    expect(partly.map(({ path, ...rest }) => ({ name: path.slice(docs.length + 1), ...rest }))).toEqual([
      { name: 'bad.txt', encoding: undefined, left: [{ what: '1 byte', why: 'no character of utf-8' }] },
      { name: 'guess.txt', encoding: 'windows-1251', left: [] },
    ]);
    expect(retrieval.documents().map(({ read }) => read?.isGuessed)).toEqual([false, true, false]);
  });

  it('reads a folder that changes meanwhile', async () => {
    for (let i = 0; i < 20; i++) write(`${i}.txt`, `File number ${i}.`);
    const report = await ingest({
      onProgress: (progress) => {
        if (progress.phase !== 'read') return;
        rmSync(join(docs, `${19 - progress.done}.txt`), { force: true });
        write(`more-${progress.done}.txt`, 'More.');
      },
    });
    expect(report.added.length + report.skipped.length).toBe(20);
    const again = await ingest();
    expect(again.documents).toBe(20);
    expect(again.removed.length + report.skipped.length).toBe(20);
  });

  it('keeps what was stored when it is cancelled, and goes on from there', async () => {
    for (let i = 0; i < 300; i++) write(`${String(i).padStart(3, '0')}.txt`, `File number ${i}.`);
    const cancel = new AbortController();
    const onProgress: IngestOptions['onProgress'] = (progress) => {
      if (progress.phase === 'read' && progress.done === 250) cancel.abort();
    };
    await expect(ingest({ signal: cancel.signal, onProgress })).rejects.toMatchObject({ code: 'cancelled' });
    const report = await ingest();
    expect(report.unchanged).toBeGreaterThan(100);
    expect(report.unchanged + report.added.length).toBe(300);
  });

  it('refuses while another process changes the brain, and waits for this one', async () => {
    write('a.txt', 'Text.');
    const both = await Promise.all([ingest(), ingest()]);
    expect(both.map(({ added }) => added.length).sort()).toEqual([0, 1]);
    const release = takeWriterLock(join(home, 'brains', 'default'), 'memorizing');
    await expect(ingest()).rejects.toMatchObject({ code: 'locked' });
    expect(await found('text')).toEqual(['Text.']);
    release();
  });

  it('names a path that is not there, and a run with nothing to do', async () => {
    await expect(retrieval.ingest([join(root, 'nowhere')])).rejects.toMatchObject({ code: 'not_found' });
    await retrieval.close();
    rmSync(home, { recursive: true });
    await expect(retrieval.ingest([])).rejects.toMatchObject({ code: 'empty' });
  });
});

describe('another embedder', () => {
  class Other extends FakeEmbedder {
    override readonly id = 'other' as 'fake';
  }

  it('is refused in a search and embeds everything again at the next ingest', async () => {
    write('a.txt', 'The kiln.');
    await ingest();
    await retrieval.close();
    retrieval = openWith(new Other(32));
    await expect(retrieval.search('kiln')).rejects.toMatchObject({ code: 'mismatch' });
    expect(await found('kiln', { mode: 'lexical' })).toEqual(['The kiln.']);
    expect((await ingest()).embedded).toBe(1);
    expect(await found('kiln', { mode: 'dense' })).toEqual(['The kiln.']);
  });

  it('that makes vectors of no numbers has them refused', async () => {
    write('a.txt', 'The kiln.');
    const broken: Embedder = {
      ...{ id: 'nan', dimensions: 4, close: () => Promise.resolve() },
      embed: (texts) => Promise.resolve(texts.map(() => new Float32Array(4).fill(Number.NaN))),
    };
    await retrieval.close();
    retrieval = openWith(broken);
    await expect(ingest()).rejects.toMatchObject({ code: 'corrupt' });
    await retrieval.close();
    retrieval = openWith(embedder);
    expect(brief(await ingest())).toMatchObject({ added: ['a.txt'] });
  });
});

describe('damage', () => {
  const library = (): string => join(home, 'brains', 'default', 'library.sqlite');

  it('of the index is mended from the library', async () => {
    write('a.txt', 'The kiln.');
    await ingest();
    await retrieval.close();
    const folder = join(home, 'brains', 'default', 'index', 'passages');
    rmSync(folder, { recursive: true, force: true });
    retrieval = openWith(embedder);
    expect(await found('kiln', { mode: 'dense' })).toEqual(['The kiln.']);
  });

  const SIZE = new FakeEmbedder().dimensions;
  it.each([
    ['has no numbers', '0000c07f'.repeat(SIZE)],
    ['is all zero', '00000000'.repeat(SIZE)],
    ['is cut off', '00'],
    ['has a scale that is no number', `0000c07f${'01'.repeat(SIZE)}`],
    ['has no scale', `00000000${'01'.repeat(SIZE)}`],
  ])('of a vector that %s is mended when it is found, for good at the next ingest', async (_, blob) => {
    write('a.txt', 'The kiln.');
    write('b.txt', 'The garden.');
    await ingest();
    await retrieval.close();
    const database = new Database(library());
    database.exec(`UPDATE vectors SET vector = x'${blob}' WHERE rowid = 1`);
    database.close();
    rmSync(join(home, 'brains', 'default', 'index'), { recursive: true, force: true });
    retrieval = openWith(embedder);
    expect(await found('kiln', { mode: 'dense' })).toEqual(['The kiln.', 'The garden.']);
    await ingest();
    await retrieval.close();
    const mended = new Database(library());
    expect(mended.prepare(`SELECT 1 FROM vectors WHERE vector = x'${blob}'`).all()).toEqual([]);
    mended.close();
    retrieval = openWith(embedder);
    embedder.asked.length = 0;
    expect(await found('kiln', { mode: 'dense' })).toHaveLength(2);
    expect(embedder.asked).toEqual([['kiln']]);
  });

  it('of the library is told', async () => {
    write('a.txt', 'The kiln.');
    await ingest();
    await retrieval.close();
    const bytes = readFileSync(library());
    writeFileSync(library(), Buffer.concat([Buffer.from('nonsense'), bytes.subarray(8)]));
    await expect(retrieval.search('kiln')).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('a saved page', () => {
  it('is read with where it is from, and without the folder it is shown with', async () => {
    write(
      'Kilns.html',
      '<!-- saved from url=(0022)https://x.org/kilns --><html><body><img src="./Kilns_files/a.png"><p>It is hot.</p></body></html>',
    );
    write('Kilns_files/saved_resource.html', '<p>Buy now.</p>');
    write('Kilns_notes/a.txt', 'A note.');
    const report = await ingest();
    expect(brief(report)).toMatchObject({
      added: ['Kilns.html', 'Kilns_notes/a.txt'],
      skipped: { Kilns_files: 'unsupported' },
    });
    expect(await found('x', { where: { url: 'https://x.org/kilns' } })).toEqual(['It is hot.']);
  });
});

describe('a library of an older engram', () => {
  it('is opened, and its documents are read again', async () => {
    write('a.txt', 'Text.');
    await ingest();
    await retrieval.close();
    const database = new Database(join(home, 'brains', 'default', 'library.sqlite'));
    database.exec(
      'ALTER TABLE documents DROP COLUMN reading; UPDATE documents SET reader = 1; PRAGMA user_version = 1',
    );
    database.close();
    retrieval = openWith(embedder);
    expect(retrieval.documents()).toMatchObject([{ read: undefined }]);
    expect(brief(await ingest())).toMatchObject({ changed: ['a.txt'] });
    expect(retrieval.documents()).toMatchObject([{ read: { characters: 5, isGuessed: false, left: [] } }]);
    expect(retrieval.passagesOf(retrieval.documentsNamed('a.txt')[0]!.id).map(({ text }) => text)).toEqual(['Text.']);
  });
});
