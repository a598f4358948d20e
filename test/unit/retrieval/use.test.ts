// Which passages answered how many questions, over a real library with a fake embedder.
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readHere } from '../../../src/retrieval/apart/index.js';
import { Retrieval, type Passage } from '../../../src/retrieval/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

let root: string;
let retrieval: Retrieval;
const log = (): string => join(root, 'brains', 'default', 'passage-use.jsonl');
const path = (name: string): string => join(root, name);
const find = async (question: string): Promise<Passage> => (await retrieval.search(question, { k: 1 }))[0]!;
const used = async (least: number) =>
  (await retrieval.wellUsed(least)).map(({ passage, questions }) => [passage.text, questions]);

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'engram-use-'));
  writeFileSync(path('kiln.md'), '# Kiln\n\nThe kiln is fired on Tuesday.');
  writeFileSync(path('roses.txt'), 'Roses are pruned in March.');
  const embedder = new FakeEmbedder();
  retrieval = new Retrieval({
    home: root,
    brain: 'default',
    embedder: () => Promise.resolve(embedder),
    reader: readHere,
  });
  await retrieval.ingest([path('kiln.md'), path('roses.txt')]);
});
afterEach(async () => {
  await retrieval.close();
  rmSync(root, { recursive: true });
});

it('counts different questions, and only of passages that are still there', async () => {
  expect(await used(1)).toEqual([]);
  const [kiln, roses] = [await find('kiln'), await find('roses')];
  for (const question of ['When is the kiln fired?', 'when is the  kiln fired? ', 'On which day?', 'Which day?'])
    await retrieval.noteUse(question, kiln);
  await retrieval.noteUse('When are roses pruned?', roses);
  expect(await used(1)).toEqual([
    ['The kiln is fired on Tuesday.', 3],
    ['Roses are pruned in March.', 1],
  ]);
  expect(await used(2)).toHaveLength(1);
  rmSync(path('kiln.md'));
  await retrieval.ingest([]);
  expect(await used(1)).toEqual([['Roses are pruned in March.', 1]]);
});

it('knows a passage again whose file has another name', async () => {
  await retrieval.noteUse('When?', await find('roses'));
  renameSync(path('kiln.md'), path('oven.md'));
  await retrieval.noteUse('When?', await find('kiln'));
  await retrieval.ingest([path('oven.md'), path('roses.txt')]);
  expect((await used(1)).map(([text]) => text).sort()).toEqual([
    'Roses are pruned in March.',
    'The kiln is fired on Tuesday.',
  ]);
});

it('writes down no word of what was asked, and reads over lines that are none of its own', async () => {
  await retrieval.noteUse('A secret of mine?', await find('kiln'));
  expect(readFileSync(log(), 'utf8')).not.toMatch(/secret|kiln/i);
  appendFileSync(log(), '{"half": \n[1, 2]\n\u0000\n["x"]\n');
  expect(await used(1)).toHaveLength(1);
});

it('forgets the older half of a file that has grown too long', async () => {
  const line = `${JSON.stringify(['a'.repeat(32), 'b'.repeat(16)])}\n`;
  writeFileSync(log(), line.repeat(Math.ceil((1 << 20) / line.length)));
  await retrieval.noteUse('When?', await find('kiln'));
  expect(statSync(log()).size).toBeLessThan(600_000);
  expect(await used(1)).toHaveLength(1);
});

it('lets a brain be asked that cannot be written to', async () => {
  const passage = await find('kiln');
  await retrieval.close();
  rmSync(join(root, 'brains'), { recursive: true });
  await retrieval.noteUse('When?', passage);
  expect(await used(1)).toEqual([]);
});
