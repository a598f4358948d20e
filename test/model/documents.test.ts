// Documents on the real models, as a user has them: answers rest on passages and name them, or are what they were without; a
// process that is killed while it ingests, and two that ingest at once, lose nothing.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engram, type IngestReport } from '../../src/index.js';
import { cli, startCli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

const ASKED = 'At how many degrees is the kiln of Tarn Hill fired?';
const UNRELATED = 'Name three colours of the rainbow.';
const FILES = 60;
const KILLS = 3;

let home: TestHome;
let docs: string;

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  docs = mkdtempSync(join(tmpdir(), 'engram-documents-'));
});
afterAll(() => {
  home.remove();
  rmSync(docs, { recursive: true, force: true });
});

const parse = (stdout: string): unknown => JSON.parse(stdout);

describe('an answer', () => {
  it('rests on passages about the question and names them; anything else is answered as before', async () => {
    const folder = join(docs, 'notes');
    mkdirSync(folder);
    const engram = await Engram.open({ home: home.path, brain: 'answers', offline: true, threads: 1 });
    try {
      const before = await engram.ask(UNRELATED, { maxTokens: 24 });
      writeFileSync(
        join(folder, 'kiln.md'),
        '# Kiln\n\nThe kiln of Tarn Hill is fired at 1240 degrees, on Tuesdays.\n',
      );
      writeFileSync(join(folder, 'roses.md'), '# Roses\n\nRoses are pruned in March, before the leaves come.\n');
      await engram.documents.ingest(folder);
      const told = await engram.ask(ASKED, { maxTokens: 32 });
      expect(told).toMatchObject({ source: 'retrieval', answer: expect.stringContaining('1240') as string });
      expect(told.passages[0]).toMatchObject({
        source: join(folder, 'kiln.md'),
        place: 'Kiln (kiln.md)',
        text: expect.stringContaining('1240') as string,
      });
      expect((await engram.ask(ASKED, { maxTokens: 8, passages: 0 })).passages).toEqual([]);
      const after = await engram.ask(UNRELATED, { maxTokens: 24 });
      expect(after).toMatchObject({ source: 'base', passages: [], answer: before.answer });
    } finally {
      await engram.close();
    }
  });

  it('of the command line lists its sources on stderr', async () => {
    const { code, stdout, stderr } = await cli(
      home.path,
      ...['ask', '--brain', 'answers', '--offline', '--threads', '1', '--max-tokens', '32', ASKED],
    );
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('[1] Kiln (kiln.md)') as string,
    });
    expect(stdout).toContain('1240');
  });
});

describe.skipIf(process.platform === 'win32')('ingesting', () => {
  const folder = (): string => join(docs, 'many');
  beforeAll(() => {
    mkdirSync(folder());
    for (let i = 0; i < FILES; i++) {
      const text = Array.from(
        { length: 30 },
        (_, line) => `Jar ${i}-${line} of the cellar holds plums of ${1900 + i}.`,
      );
      writeFileSync(join(folder(), `jar-${i}.txt`), text.join(' '));
    }
  });
  const args = (brain: string): string[] => ['ingest', '--json', '--offline', '--brain', brain, folder()];

  /** Each document is there whole or not at all, and search works. */
  async function check(brain: string): Promise<number> {
    const engram = await Engram.open({ home: home.path, brain, offline: true, lazy: true });
    try {
      const documents = await engram.documents.list();
      for (const { passages, skipped } of documents)
        expect({ passages: passages > 0, skipped }).toEqual({ passages: true });
      const found = await engram.documents.search('plums of 1907', { mode: 'lexical' });
      expect(found.length > 0).toBe(documents.length > 0);
      return documents.length;
    } finally {
      await engram.close();
    }
  }

  it(`that is killed loses nothing that was stored, and goes on, ${KILLS} times`, async () => {
    let before = 0;
    for (let i = 0; i < KILLS; i++) {
      const { child, result } = startCli(home.path, args('killed'));
      // From when the library is there it is killed at any moment.
      const library = join(home.path, 'brains', 'killed', 'library.sqlite');
      while (!existsSync(library) && child.exitCode === null) await sleep(5);
      await sleep(Math.random() * 400 * (i + 1));
      child.kill('SIGKILL');
      await result;
      const now = await check('killed');
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    const last = await cli(home.path, ...args('killed'));
    expect(last.code, last.stderr).toBe(0);
    expect(parse(last.stdout)).toMatchObject({ documents: FILES, skipped: [], unchanged: before });
    expect(await check('killed')).toBe(FILES);
  });

  it('by two processes at once: one does it, the other is told, and nothing is there twice', async () => {
    const both = await Promise.all([cli(home.path, ...args('both')), cli(home.path, ...args('both'))]);
    const codes = both.map(({ code }) => code);
    expect(codes).toContain(0);
    for (const { code, stdout } of both) {
      if (code !== 0) expect(parse(stdout)).toMatchObject({ error: { code: 'locked' } });
    }
    const again = parse((await cli(home.path, ...args('both'))).stdout) as IngestReport;
    expect(again).toMatchObject({ added: [], changed: [], unchanged: FILES, documents: FILES });
  });
});
