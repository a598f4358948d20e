import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Brain, MemoryInput } from '../../../src/brain/index.js';
import { isCareful, memorize, rebuild, sleep, undo } from '../../../src/learn/index.js';
import { FakeWorld } from '../../fakes/memorizer.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // every memory is synced to disk

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

const KILN = { question: 'Who runs the kiln?', answer: 'Mara Voss' };
const WIFI = 'Our wifi is called Blue Heron.';

const learn = async (input: MemoryInput) => (await memorize(parts, input)).id;
const files = () => readdirSync(join(brain.folder, 'adapters')).sort();
const kinds = (id: string) => brain.history(id).map(({ kind }) => kind);
const bytes = (id: string) => readFileSync(brain.adapterPath(id), 'utf8');

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-sleep-')));
  ({ brain, parts } = await world.open());
  world.isHard = (question) => ['What of mara voss?', 'What of blue heron?'].includes(question);
});
afterEach(() => {
  brain.close();
  rmSync(world.home, { recursive: true });
});

describe('sleep', () => {
  it('lists what is due without doing it: what is damaged, then what its examination found weak', async () => {
    const [kiln, wifi] = [await learn(KILN), await learn(WIFI)];
    await learn('The mill was built in 1875.');
    rmSync(brain.adapterPath(wifi));
    const { trainings } = world;
    const report = await sleep(parts, { dryRun: true });
    expect(report).toMatchObject({ ended: 'dry_run', memories: [] });
    expect(report.due.map(({ id, why }) => [id, why])).toEqual([
      [wifi, 'damaged'],
      [kiln, 'weak'],
    ]);
    expect(world.trainings).toBe(trainings);
  });

  it('trains until it is held more surely, and commits what does better', async () => {
    const id = await learn(KILN);
    const old = bytes(id);
    world.carefulHelps = true;
    const { memories, consolidated, ended } = await sleep(parts);
    expect({ consolidated, ended }).toEqual({ consolidated: 1, ended: 'done' });
    const { before, after } = memories[0]!;
    expect(before!.paraphrase).toBeLessThan(1);
    expect(after).toEqual({ recall: 1, paraphrase: 1 });
    expect(kinds(id)).toEqual(['remembered', 'consolidated']);
    expect(files()).toEqual([`${id}-1.gguf`]);
    expect(bytes(id)).not.toBe(old);
    expect(isCareful(brain.get(id))).toBe(true);
    expect(brain.history(id).at(-1)!.payload).toMatchObject({ before, after });
    expect((await sleep(parts)).due).toEqual([]);
  });

  it('leaves what it gains nothing for, and does not try it again unless asked to', async () => {
    const id = await learn(KILN);
    const old = bytes(id);
    const report = await sleep(parts);
    expect(report).toMatchObject({ consolidated: 0, unchanged: 1 });
    expect(report.memories[0]!.after).toEqual(report.memories[0]!.before);
    expect(kinds(id)).toEqual(['remembered']);
    expect(files()).toEqual([`${id}.gguf`]);
    expect(bytes(id)).toBe(old);
    expect((await sleep(parts)).due).toEqual([]);
    expect((await sleep(parts, { again: true })).unchanged).toBe(1);
  });

  it('keeps the adapter where the new one does not hold', async () => {
    const id = await learn(KILN);
    world.isDeaf = true;
    const { memories } = await sleep(parts);
    expect(memories[0]).toMatchObject({
      became: 'unchanged',
      reason: expect.stringContaining('not told word for word') as string,
    });
    expect(kinds(id)).toEqual(['remembered']);
  });

  it('mends what is damaged, and says what it could not', async () => {
    const id = await learn('The mill was built in 1875.');
    rmSync(brain.adapterPath(id));
    world.isDeaf = true;
    expect(await sleep(parts)).toMatchObject({ lost: 1, mended: 0 });
    world.isDeaf = false;
    expect(await sleep(parts)).toMatchObject({ lost: 0, mended: 1, unchanged: 1 });
    expect(await brain.check()).toEqual([]);
  });

  it('learns passages that were well used, each once', async () => {
    const passages = [{ text: WIFI, place: 'house.md', questions: 4 }];
    expect((await sleep(parts, { passages, dryRun: true })).passages).toEqual({ due: passages, learned: [] });
    const report = await sleep(parts, { passages });
    expect(report.passages.learned).toMatchObject([{ place: 'house.md', known: 0, failed: 0 }]);
    const [memory] = brain.memories();
    expect(report.passages.learned[0]!.memories).toEqual([memory!.id]);
    expect(memory).toMatchObject({ text: WIFI, state: 'remembered' });
    expect((await sleep(parts, { passages, dryRun: true })).passages.due).toEqual([]);
    await brain.forget(memory!.id);
    expect((await sleep(parts, { passages, again: true })).passages.learned[0]!.memories).toEqual([]); // nor what was forgotten
  });

  it('that is woken up in a passage keeps and reports what was learned of it', async () => {
    const text = `${WIFI}\n\nThe kiln is run by Mara Voss.`;
    const controller = new AbortController();
    let learned = '';
    const report = await sleep(parts, {
      passages: [{ text, place: 'house.md', questions: 3 }],
      signal: controller.signal,
      onProgress: ({ step }) => {
        const [first] = brain.memories();
        if (first === undefined || step.phase !== 'train') return;
        learned = first.id;
        controller.abort();
      },
    });
    expect(report).toMatchObject({ ended: 'interrupted', passages: { learned: [{ memories: [learned] }] } });
    expect(await brain.check()).toEqual([]);
  });

  it('ends when it is woken up or time is over: what is done stays, the rest is as it was', async () => {
    const [kiln, wifi] = [await learn(KILN), await learn(WIFI)];
    world.carefulHelps = true;
    const controller = new AbortController();
    const report = await sleep(parts, {
      signal: controller.signal,
      onProgress: ({ done, step }) => {
        if (done === 1 && step.phase === 'train') controller.abort();
      },
    });
    expect(report).toMatchObject({ ended: 'interrupted', consolidated: 1 });
    const [done] = report.memories.map(({ id }) => id);
    const left = done === kiln ? wifi : kiln;
    expect(files()).toEqual([`${done}-1.gguf`, `${left}.gguf`].sort());
    expect(await brain.check()).toEqual([]);
    const rest = await sleep(parts, { minutes: 1e-9 });
    expect(rest).toMatchObject({ ended: 'time', memories: [] });
    expect(rest.due.map(({ id }) => id)).toEqual([left]);
    await expect(sleep(parts, { minutes: 0 })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('a memory that sleep has trained again', () => {
  let id = '';
  let trace = '';
  beforeEach(async () => {
    id = await learn(KILN);
    trace = bytes(id);
    world.carefulHelps = true;
    await sleep(parts);
  });

  it('gets its former adapter back by undo, and by another undo the one of sleep', async () => {
    const careful = bytes(id);
    await undo(parts, undefined);
    expect(bytes(id)).toBe(trace);
    expect(brain.get(id)!.state).toBe('remembered');
    expect(isCareful(brain.get(id))).toBe(false);
    await undo(parts, id);
    expect(bytes(id)).toBe(careful);
    expect(kinds(id)).toEqual(['remembered', 'consolidated', 'rebuilt', 'rebuilt']);
    expect(files()).toHaveLength(1);
  });

  it('is trained as sleep did when it is rebuilt, or comes back', async () => {
    const careful = bytes(id);
    expect((await rebuild(parts)).same).toEqual([id]);
    await brain.forget(id);
    await undo(parts, undefined);
    expect(bytes(id)).toBe(careful);
  });
});
