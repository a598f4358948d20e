// The commands of documents against the fake: what they ask of the API, what people and programs are shown.
import { describe, expect, it } from 'vitest';
import type { StoredDocument } from '../../../src/index.js';
import { FakeApi } from '../../fakes/api.js';
import { newPassage } from '../../fakes/results.js';
import { runCli } from './run-cli.js';

describe('ingest', () => {
  it('shows what was done and why files were skipped', async () => {
    const api = new FakeApi();
    const { code, stdout, stderr } = await runCli(['ingest', '/notes', '--max-size', '2MB'], { api });
    expect(api.engine.asked).toContainEqual(['ingest', ['/notes'], 2e6, undefined, undefined]);
    expect(code).toBe(0);
    expect(stdout).toContain('1 added');
    expect(stdout).toContain('It is a binary file.');
    expect(stdout).toContain('its encoding is a guess: koi8-r; without 1 picture: there is no OCR');
    expect(stderr).toContain('Reading');
    expect((await runCli(['ingest', '--json', '/notes'], { api })).json()).toMatchObject({ added: ['/notes/kiln.md'] });
  });

  it('passes on the encoding and the limits, and refuses wrong ones', async () => {
    const api = new FakeApi();
    await runCli(['ingest', '/notes', '--encoding', 'cp866', '--reader-memory', '2GB', '--reader-time', '5'], { api });
    expect(api.engine.asked).toEqual([['ingest', ['/notes'], undefined, 'cp866', { memoryBytes: 2e9, seconds: 5 }]]);
    for (const wrong of ['0', '-1', 'long'])
      expect((await runCli(['ingest', '/n', '--reader-time', wrong])).code).toBe(2);
  });

  it.skipIf(process.platform === 'win32')('exits with 1 if a file that was named was skipped', async () => {
    expect((await runCli(['ingest', '/notes/a.bin'])).code).toBe(1);
  });

  it('goes on with --watch: the first run whole, then only what changed', async () => {
    const api = new FakeApi();
    const { code, stdout, stderr } = await runCli(['ingest', '--watch', '/notes'], { api });
    expect(api.engine.asked).toContainEqual(['watch', ['/notes']]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').slice(-2)).toEqual(['+ /notes/rose.md', '- /notes/kiln.md']);
    expect(stderr).toContain('Ctrl-C');
    expect(stderr).toContain('Another process is memorizing. Trying again.');
    const lines = (await runCli(['ingest', '--watch', '--json', '/notes'], { api })).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { added: ['/notes/kiln.md'] },
      { added: ['/notes/rose.md'], removed: ['/notes/kiln.md'] },
      { documents: 1, passages: 3 },
    ]);
  });
});

describe('search', () => {
  it('passes on what it is narrowed to, and shows where passages are from', async () => {
    const api = new FakeApi();
    api.engine.passages = [newPassage('It is fired on Tuesday.')];
    const flags = ['--k', '3', '--mode', 'lexical', '--source', '*.md', '--source', 'a', '--diversity', '0.5'];
    const { stdout } = await runCli(
      ['search', ...flags, '--where', 'city=Bern', '--since', '2026-03-01', 'the', 'kiln'],
      {
        api,
      },
    );
    expect(api.engine.asked[0]).toMatchObject([
      'search',
      'the kiln',
      {
        ...{ k: 3, mode: 'lexical', sources: ['*.md', 'a'], diversity: 0.5, where: { city: 'Bern' } },
        since: expect.any(Number) as number,
      },
    ]);
    expect(stdout).toContain('1. Kilns › Firing (kiln.md)');
    expect(stdout).toContain('It is fired on Tuesday.');
  });

  it('refuses what cannot be, before anything is opened', async () => {
    const api = new FakeApi();
    for (const wrong of [
      ['--mode', 'best'],
      ['--where', 'city'],
      ['--since', 'yesterdayish'],
      ['--k', 'many'],
    ]) {
      expect((await runCli(['search', ...wrong, 'x'], { api })).code).toBe(2);
    }
    expect(api.engine.asked).toEqual([]);
  });

  it('says so when nothing is found', async () => {
    const api = new FakeApi();
    api.engine.passages = [];
    expect((await runCli(['search', 'x'], { api })).stdout).toBe('Nothing found.\n');
    expect((await runCli(['search', '--json', 'x'], { api })).json()).toEqual({ question: 'x', passages: [] });
  });
});

describe('recall', () => {
  it('shows memories and passages', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'The kiln is red.'], { api });
    api.engine.passages = [newPassage('It is fired on Tuesday.')];
    const { stdout } = await runCli(['recall', 'kiln'], { api });
    expect(stdout).toContain('memory m-000000, relevance 0.90');
    expect(stdout).toContain('Kilns › Firing (kiln.md), relevance 0.50');
    expect((await runCli(['recall', '--json', 'kiln'], { api })).json()).toMatchObject({
      found: [{ kind: 'memory' }, { kind: 'passage' }],
    });
  });
});

describe('documents', () => {
  it('are listed, and taken out one by one', async () => {
    expect((await runCli(['documents', 'list'])).stdout).toBe('Nothing has been ingested yet.\n');
    const { code, stderr } = await runCli(['documents', 'rm', 'a b.md', 'c.md']);
    expect(code).toBe(1);
    expect(stderr).toContain('No document fits "a b.md"');
  });

  const stored = (name: string, more: Partial<StoredDocument>): StoredDocument => ({
    ...{ id: 1, path: `/notes/${name}`, kind: 'text', title: undefined, bytes: 20, mtimeMs: 0, passages: 1 },
    ...{ skipped: undefined, metadata: { encoding: 'koi8-r', author: 'Mara' }, read: undefined },
    ...more,
  });
  const whole = { characters: 20, isGuessed: false, left: [] };

  it('are listed by what is wrong with them', async () => {
    const api = new FakeApi();
    expect((await runCli(['documents', 'list', '--problems'], { api })).stdout).toBe('There are no problems.\n');
    api.engine.stored = [
      stored('good.txt', { read: whole }),
      stored('old.txt', {}),
      stored('guess.txt', { read: { ...whole, isGuessed: true } }),
      stored('part.txt', { read: { ...whole, left: [{ what: '2 pages', why: 'they are pictures' }] } }),
      stored('none.txt', { skipped: { code: 'too_slow', reason: 'To read it takes too long.' } }),
    ];
    const { stdout } = await runCli(['documents', 'list', '--problems'], { api });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ {2,}/u)),
    ).toEqual([
      ['Its encoding is a guess: koi8-r.', '/notes/guess.txt'],
      ['Without 2 pages: they are pictures.', '/notes/part.txt'],
      ['To read it takes too long.', '/notes/none.txt'],
    ]);
    const found = (await runCli(['documents', 'list', '--problems', '--json'], { api })).json() as { path: string }[];
    expect(found.map(({ path }) => path)).toEqual(['/notes/guess.txt', '/notes/part.txt', '/notes/none.txt']);
  });

  it('are shown with how they were read, and their passages', async () => {
    const api = new FakeApi();
    api.engine.stored = [
      stored('kiln.md', {
        title: 'Kilns',
        read: { ...whole, isGuessed: true, left: [{ what: '1 byte', why: 'no character' }] },
      }),
    ];
    api.engine.passages = [newPassage('It is fired on Tuesday.')];
    const { stdout } = await runCli(['documents', 'show', 'kiln.md'], { api });
    for (const part of [
      'encoding: koi8-r, a guess',
      'characters: 20',
      'left out: 1 byte: no character',
      'author: Mara',
      '1. Kilns › Firing (kiln.md), characters',
      'It is fired on Tuesday.',
    ]) {
      expect(stdout).toContain(part);
    }
    expect((await runCli(['documents', 'show', 'kiln.md', '--json'], { api })).json()).toMatchObject([
      { path: '/notes/kiln.md', passages: [{ text: 'It is fired on Tuesday.' }] },
    ]);
    expect((await runCli(['documents', 'show', 'none.md'], { api })).code).toBe(1);
    expect((await runCli(['documents', 'show'], { api })).code).toBe(2);
  });
});
