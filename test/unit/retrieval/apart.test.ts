// Readers in a process of their own, over the real process: a file that hangs, fills or kills its reader costs that file alone.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReaderProcess, type ReadLimits } from '../../../src/retrieval/apart/index.js';
import { Retrieval } from '../../../src/retrieval/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';
import { compiledReader } from '../../support/compiled-reader.js';
import { deflatedZip } from '../../support/deflated-zip.js';
import { storedZip } from '../models/stored-zip.js';

let root: string;
let program: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'engram-apart-'));
  program = compiledReader();
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const LIMITS: ReadLimits = { seconds: 0.4 };

/** A list in a list in a list … in Markdown: its parser takes minutes. */
const HANGING = Array.from({ length: 3000 }, (_, i) => `${' '.repeat(2 * i)}- x`).join('\n');

/** A book of 24 MB in a file of 100 KB. */
const BOMB = deflatedZip({
  'META-INF/container.xml': '<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>',
  'c.opf': '<package><manifest><item id="a" href="a.html"/></manifest><spine><itemref idref="a"/></spine></package>',
  'a.html': `<html><body>${'<p>a</p>'.repeat(3e6)}`,
});

/** What comes of each file, one after another by one reader: its first passage, or why there is none. */
async function readAll(files: Record<string, string | Buffer>, limits = LIMITS): Promise<Record<string, string>> {
  const reader = new ReaderProcess(limits, program);
  const found: Record<string, string> = {};
  for (const [name, data] of Object.entries(files)) {
    found[name] = await reader.read(Buffer.from(data as string), name).then(
      ({ chunks }) => chunks[0]!.text,
      (error: unknown) => (error as { code: string }).code,
    );
  }
  await reader.close();
  return found;
}

describe('a reader', () => {
  it('that hangs costs its file alone', { timeout: 120_000 }, async () => {
    expect(await readAll({ 'a.txt': 'Before.', 'b.md': HANGING, 'c.txt': 'After.' })).toEqual({
      ...{ 'a.txt': 'Before.', 'b.md': 'too_slow', 'c.txt': 'After.' },
    });
  });

  it('that eats memory costs its file alone', { timeout: 120_000 }, async () => {
    const found = await readAll({ 'a.txt': 'Before.', 'b.epub': BOMB, 'c.txt': 'After.' }, { memoryBytes: 220e6 });
    expect(found).toEqual({ 'a.txt': 'Before.', 'b.epub': 'too_much_memory', 'c.txt': 'After.' });
  });

  it('says what nobody can read, and reads on', { timeout: 120_000 }, async () => {
    const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
    const document = `<!DOCTYPE z [<!ENTITY e0 "x">${entities}]><w:document><w:body><w:p>&e9;</w:p></w:body></w:document>`;
    const found = await readAll(
      {
        'entities.docx': storedZip({
          '[Content_Types].xml': '<Types/>',
          '_rels/.rels': '<Relationships/>',
          'word/document.xml': document,
        }),
        'deep.html': `${'<div>'.repeat(1e5)}x${'</div>'.repeat(1e5)}`,
        'deep.json': '['.repeat(1e5),
        'spaces.txt': `${' '.repeat(1e5)}${'\n \r'.repeat(1e4)}x`,
        'quotes.csv': `a,b\n${'"'.repeat(9_999)}\n`,
        'word.txt': 'a'.repeat(1e5),
        'sound.txt': 'Sound.',
      },
      { seconds: 20 },
    );
    expect(found).toMatchObject({
      ...{ 'entities.docx': 'corrupt', 'deep.html': 'corrupt', 'deep.json': 'corrupt', 'quotes.csv': 'corrupt' },
      ...{ 'spaces.txt': 'x', 'sound.txt': 'Sound.' },
    });
  });

  it('is read in passages that arrive whole and in order, however many', async () => {
    const lines = Array.from({ length: 15_000 }, (_, i) => `Line number ${i} says nothing.`);
    const reader = new ReaderProcess({}, program);
    const { chunks, characters } = await reader.read(Buffer.from(lines.join('\n')), 'a.log');
    await reader.close();
    expect(chunks.length).toBeGreaterThan(500);
    expect(characters).toBe(lines.join('\n').length);
    const all = chunks.map(({ text }) => text).join('\n');
    for (const i of [0, 777, 14_999]) expect(all).toContain(lines[i]);
    expect(chunks.every(({ start }, i) => i === 0 || start > chunks[i - 1]!.start)).toBe(true);
  });

  it('is stopped by whoever asked', async () => {
    const cancel = new AbortController();
    const reader = new ReaderProcess({}, program);
    const reading = reader.read(Buffer.from(HANGING), 'a.md', { signal: cancel.signal });
    setTimeout(() => {
      cancel.abort();
    }, 200);
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
    expect((await reader.read(Buffer.from('Next.'), 'a.txt')).chunks).toHaveLength(1);
    await reader.close();
  });

  it('that is not there is a fault of the installation, not of the file', async () => {
    const reader = new ReaderProcess({}, join(root, 'missing.js'));
    await expect(reader.read(Buffer.from('Text.'), 'a.txt')).rejects.toMatchObject({ code: 'native' });
  });
});

describe('ingest', () => {
  it(
    'says which file cost too much, and tries it again when it has changed or other limits are given',
    { timeout: 120_000 },
    async () => {
      const docs = join(root, 'docs');
      mkdirSync(docs);
      writeFileSync(join(docs, 'a.md'), HANGING);
      writeFileSync(join(docs, 'b.txt'), 'Sound.');
      let asked: string[] = [];
      const reader = new ReaderProcess(LIMITS, program);
      const retrieval = new Retrieval({
        ...{ home: join(root, 'home'), brain: 'default', embedder: () => Promise.resolve(new FakeEmbedder()) },
        reader: {
          read: (bytes, path, options) => {
            asked.push(path.slice(docs.length + 1));
            return reader.read(bytes, path, options);
          },
          close: () => reader.close(),
        },
      });
      const ingest = async (options = {}): Promise<unknown> => {
        asked = [];
        const { skipped, unchanged } = await retrieval.ingest([docs], options);
        return { asked, skipped: skipped.map(({ code }) => code), unchanged };
      };
      expect(await ingest()).toEqual({ asked: ['a.md', 'b.txt'], skipped: ['too_slow'], unchanged: 0 });
      expect(await ingest()).toEqual({ asked: [], skipped: ['too_slow'], unchanged: 1 });
      expect(await ingest({ limits: LIMITS })).toEqual({
        asked: ['a.md'],
        skipped: ['too_slow'],
        unchanged: 1,
      });
      writeFileSync(join(docs, 'a.md'), '- x');
      expect(await ingest()).toEqual({ asked: ['a.md'], skipped: [], unchanged: 1 });
      await retrieval.close();
      await reader.close();
    },
  );
});
