// A library that is kept up to date, over real files with a fake embedder: changes are read, in one run where they come together;
// what fails is tried again. No test waits for a time, only for what was reported.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeWriterLock } from '../../../src/database/index.js';
import { readHere } from '../../../src/retrieval/apart/index.js';
import { Retrieval, type IngestReport } from '../../../src/retrieval/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

let root: string;
let docs: string;
let retrieval: Retrieval;
let stop: AbortController;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'engram-watch-'));
  docs = join(root, 'docs');
  mkdirSync(docs);
  stop = new AbortController();
  const embedder = new FakeEmbedder();
  retrieval = new Retrieval({
    home: join(root, 'home'),
    brain: 'default',
    embedder: () => Promise.resolve(embedder),
    reader: readHere,
  });
});
afterEach(async () => {
  stop.abort();
  await retrieval.close();
  rmSync(root, { recursive: true, force: true });
});

/** Starts watching; `next(isIt)` waits for the first report or error from now on of which that is true. */
function start(): { ended: Promise<void>; next: (isIt: (said: IngestReport | Error) => boolean) => Promise<void> } {
  const said: (IngestReport | Error)[] = [];
  const waiting: { isIt: (said: IngestReport | Error) => boolean; resolve: () => void }[] = [];
  const take = (what: unknown): void => {
    said.push(what as IngestReport | Error);
    for (const { isIt, resolve } of waiting) if (isIt(what as IngestReport | Error)) resolve();
  };
  const ended = retrieval.watch([docs], {
    ...{ stillMs: 20, retryMs: 50, signal: stop.signal },
    onReport: take,
    onError: take,
  });
  return {
    ended,
    next: (isIt) =>
      Promise.race([
        new Promise<void>((resolve) => {
          if (said.some(isIt)) resolve();
          waiting.push({ isIt, resolve });
        }),
        ended.then(() => {
          throw new Error('it ended');
        }),
      ]),
  };
}

const added = (name: string) => (said: IngestReport | Error) =>
  'added' in said && said.added.includes(join(docs, name));

describe('watching', () => {
  it(
    'reads what is there, then what is new, changed or deleted, until it is stopped',
    { timeout: 60_000 },
    async () => {
      writeFileSync(join(docs, 'kiln.txt'), 'The kiln is fired on Tuesday.');
      const { ended, next } = start();
      await next(added('kiln.txt'));
      mkdirSync(join(docs, 'garden'));
      writeFileSync(join(docs, 'garden', 'rose.txt'), 'Prune in March.');
      await next(added(join('garden', 'rose.txt')));
      writeFileSync(join(docs, 'kiln.txt'), 'The kiln is fired on Friday, at noon.');
      await next((said) => 'changed' in said && said.changed.length === 1);
      rmSync(join(docs, 'garden'), { recursive: true });
      await next((said) => 'removed' in said && said.removed.length === 1);
      stop.abort();
      await ended;
      expect((await retrieval.search('kiln prune')).map(({ text }) => text)).toEqual([
        'The kiln is fired on Friday, at noon.',
      ]);
    },
  );

  it('goes on when another process has the brain, and reads the change afterwards', { timeout: 60_000 }, async () => {
    writeFileSync(join(docs, 'a.txt'), 'First.');
    const { next } = start();
    await next(added('a.txt'));
    const release = takeWriterLock(join(root, 'home', 'brains', 'default'), 'memorizing');
    writeFileSync(join(docs, 'b.txt'), 'Second.');
    await next((said) => said instanceof Error && 'code' in said && said.code === 'locked');
    release();
    await next(added('b.txt'));
  });

  it('says at once what is wrong with the first run', async () => {
    docs = join(root, 'nowhere');
    await expect(start().ended).rejects.toMatchObject({ code: 'not_found' });
  });
});
