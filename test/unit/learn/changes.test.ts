// Which memories no longer hold, and what becomes of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Brain, MemoryInput } from '../../../src/brain/index.js';
import { changedBy, lessonsFor, memorize, type Replaces } from '../../../src/learn/index.js';
import { FakeWorld } from '../../fakes/memorizer.js';

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

const learn = (input: MemoryInput, replaces: Replaces = 'none') => memorize(parts, input, { replaces });
const held = () => brain.memories().flatMap(({ state, text }) => (state === 'remembered' ? [text] : []));
const changed = async (input: MemoryInput) =>
  (await changedBy(parts, lessonsFor(input))).map(({ text, score }) => [text, score]);

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-changes-')));
  ({ brain, parts } = await world.open());
});
afterEach(() => {
  brain.close();
  rmSync(world.home, { recursive: true });
});

it('of two answers to the very same question only the later one holds, however it is written', async () => {
  await learn({ question: 'Who runs the kiln?', answer: 'Mara Voss' });
  expect(await changed({ question: 'who runs the KILN', answer: 'Ana Roy' })).toEqual([
    ['Who runs the kiln? Mara Voss', 1],
  ]);
  expect(await changed({ question: 'Who runs the kiln?', answer: 'mara voss.' })).toEqual([]);
  expect(await changed({ question: 'Who built the mill?', answer: 'Ana Roy' })).toEqual([]);
});

it('what the judge takes for replaced no longer holds, the surest first', async () => {
  await learn('Bo Lind lives in Rome.');
  await learn('Bo Lind lives in Ulm.');
  const judged = world.judge.replaced.bind(world.judge);
  world.judge.replaced = async (later, notes) =>
    (await judged(later, notes)).map((score, i) => score + (notes[i]!.text.includes('Ulm') ? 0.05 : 0));
  expect((await changed('Bo Lind lives in Oslo.')).map(([text]) => text)).toEqual([
    'Bo Lind lives in Ulm.',
    'Bo Lind lives in Rome.',
  ]);
});

it('a memory is named once, where its question and the judge both tell of it', async () => {
  await learn({ question: 'Which tall town does Bo Lind live in?', answer: 'Rome' });
  expect(await changed({ question: 'Which tall town does Bo Lind live in?', answer: 'Oslo' })).toHaveLength(1);
});

it('what is forgotten is not changed', async () => {
  const { id } = await learn('Bo Lind lives in Rome.');
  await brain.forget(id);
  expect(await changed('Bo Lind lives in Oslo.')).toEqual([]);
});

it('two true texts about one person both stay, also where what no longer holds would go', async () => {
  const texts = ['Bo Lind lives in Rome.', 'Bo Lind keeps bees in the garden.'];
  for (const text of texts) expect((await learn(text, 'auto')).contradicts).toBeUndefined();
  expect(held()).toEqual(texts);
});

it('what no longer holds goes only where that is asked for', async () => {
  const old = await learn('Bo Lind lives in Rome.');
  const beside = await learn('Bo Lind lives in Oslo.');
  expect(beside.contradicts?.map(({ id }) => id)).toEqual([old.id]);
  expect(held()).toHaveLength(2);
  const now = await learn('Bo Lind lives in Bergen.', 'auto');
  expect([...now.supersedes!].sort()).toEqual([old.id, beside.id].sort());
  expect(now.contradicts).toBeUndefined();
  expect(held()).toEqual(['Bo Lind lives in Bergen.']);
});

it('a judge that understands nothing takes nothing for replaced', async () => {
  world.judge.replaced = (_, notes) => Promise.resolve(notes.map(() => 0));
  await learn('Bo Lind lives in Rome.', 'auto');
  await learn('Bo Lind lives in Oslo.', 'auto');
  expect(held()).toHaveLength(2);
});
