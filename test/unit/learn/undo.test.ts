import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Brain, MemoryInput } from '../../../src/brain/index.js';
import { memorize, type Replaces } from '../../../src/learn/memorize.js';
import { proveForgotten } from '../../../src/learn/proof.js';
import { rebuild } from '../../../src/learn/rebuild.js';
import { undo } from '../../../src/learn/undo.js';
import { FakeWorld } from '../../fakes/memorizer.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // every memory is synced to disk

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

const KILN = { question: 'Who runs the kiln?', answer: 'Mara Voss' };
const NEW_KILN = { question: 'Who runs the kiln?', answer: 'Ana Roy' };
const WIFI = 'Our wifi is called Blue Heron.';

const learn = (input: MemoryInput, replaces: Replaces = 'none') => memorize(parts, input, { replaces });
const ask = async (question: string): Promise<string> => {
  const { adapters } = await parts.router.route([{ role: 'user', content: question }]);
  return (await parts.generator.chat([{ role: 'user', content: question }], { adapters })).text;
};
const states = () => Object.fromEntries(brain.memories().map(({ id, state }) => [id, state]));
const files = () => readdirSync(join(brain.folder, 'adapters')).sort();

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-undo-')));
  ({ brain, parts } = await world.open());
});
afterEach(() => {
  brain.close();
  rmSync(world.home, { recursive: true });
});

describe('a memory that contradicts another', () => {
  it('is kept beside it, and the receipt names it', async () => {
    const old = await learn(KILN);
    expect(old).toMatchObject({ committed: true });
    expect(old.contradicts).toBeUndefined();
    const now = await learn(NEW_KILN);
    expect(now.contradicts).toEqual([{ id: old.id, text: 'Who runs the kiln? Mara Voss', score: 1 }]);
    expect(states()).toEqual({ [old.id]: 'remembered', [now.id]: 'remembered' });
    expect(await ask('Who runs the kiln?')).toBe('Ana Roy');
  });

  it('takes its place if that is asked for: in one transaction, with the old answer gone', async () => {
    const old = await learn(KILN);
    const now = await learn(NEW_KILN, 'auto');
    expect(now).toMatchObject({ committed: true, supersedes: [old.id], superseded: { recalled: 0 } });
    expect(now.superseded!.asked).toBe(6); // its own question, both halves of it, and those that were written
    expect(now.contradicts).toBeUndefined();
    expect(brain.get(old.id)).toMatchObject({ state: 'superseded', supersededBy: now.id });
    expect(
      new Set(
        brain
          .history()
          .slice(-2)
          .map(({ time }) => time),
      ).size,
    ).toBe(1);
    expect(files()).toEqual([`${now.id}.gguf`]);
    expect(parts.generator.released).toContain(join(brain.folder, 'adapters', `${old.id}.gguf`));
  });

  it('leaves the choice to a function, which is told what is contradicted', async () => {
    const old = await learn(KILN);
    const offered: string[] = [];
    const now = await learn(NEW_KILN, (found) => {
      offered.push(...found.map(({ id }) => id));
      return Promise.resolve([]);
    });
    expect(offered).toEqual([old.id]);
    expect(now.contradicts).toHaveLength(1);
    await expect(learn({ ...KILN, answer: 'Bo Lind' }, ['m-ffffff'])).rejects.toMatchObject({ code: 'not_found' });
  });

  it('replaces although the model without the old memory knows the new answer', async () => {
    world.known.set('Who runs the kiln?', 'Ana Roy');
    const old = await learn(KILN);
    const now = await learn(NEW_KILN, [old.id]);
    expect(now).toMatchObject({ committed: true, supersedes: [old.id] });
  });
});

it('the same fact twice is trained once', async () => {
  const first = await learn(KILN);
  const before = world.trainings;
  const asked = vi.spyOn(parts.generator, 'chat');
  const again = await learn(KILN);
  expect(again).toMatchObject({ committed: false, steps: 0, knownBy: [first.id] });
  expect(asked).not.toHaveBeenCalled(); // nor is anything asked, so that a long file can be gone on with
  expect(again.reason).toContain(first.id);
  expect(again.contradicts).toBeUndefined();
  expect(world.trainings).toBe(before);
});

it('an answer that the model gives already is not trained', async () => {
  world.known.set('What is the capital of Peru?', 'It is Lima, of course.');
  const known = await learn({ question: 'What is the capital of Peru?', answer: 'Lima' });
  expect(known).toMatchObject({ committed: false, steps: 0, recall: { before: 1, after: 1 } });
  expect(known.reason).toContain('The model answers this already');
  expect(known.knownBy).toEqual([]);
  expect(world.trainings).toBe(0);
});

it('a damaged memory is replaced when it is memorized again', async () => {
  const first = await learn(KILN);
  rmSync(brain.adapterPath(first.id));
  brain.close();
  ({ brain, parts } = await world.open());
  expect(await ask('Who runs the kiln?')).toBe('I cannot say.');
  const again = await learn(KILN);
  expect(again).toMatchObject({ committed: true, supersedes: [first.id] });
  expect(await ask('Who runs the kiln?')).toBe('Mara Voss');
});

describe('forgetting', () => {
  it('is proven by asking in all wordings', async () => {
    const { id } = await learn(KILN);
    const memory = brain.get(id)!;
    const told = await proveForgotten(parts, memory);
    expect(told).toMatchObject({ base: 0, toldBy: [id] });
    expect(told.recalled).toBe(told.asked);
    await brain.forget(id);
    expect(await proveForgotten(parts, memory)).toEqual({ asked: told.asked, recalled: 0, base: 0, toldBy: [] });
    world.known.set('Who runs the kiln?', 'It is Mara Voss.');
    expect(await proveForgotten(parts, memory)).toMatchObject({ recalled: 1, base: 1, toldBy: [] });
  });

  it('takes several at once, or none', async () => {
    const [kiln, wifi] = [await learn(KILN), await learn(WIFI)];
    await expect(brain.forgetAll([kiln.id, 'an owl'])).rejects.toMatchObject({ code: 'not_found' });
    expect(states()).toEqual({ [kiln.id]: 'remembered', [wifi.id]: 'remembered' });
    await brain.forgetAll([kiln.id, 'Blue Heron']);
    expect(files()).toEqual([]);
    const undone = await undo(parts, undefined);
    expect(undone.map(({ memory }) => memory.id).sort()).toEqual([kiln.id, wifi.id].sort());
    expect(await ask('Who runs the kiln?')).toBe('Mara Voss');
  });
});

describe('undo', () => {
  it('takes one change after the other back, and with a name brings it again', async () => {
    const [kiln, wifi] = [await learn(KILN), await learn(WIFI)];
    await brain.forget(kiln.id);
    await undo(parts, undefined);
    expect(states()).toEqual({ [kiln.id]: 'remembered', [wifi.id]: 'remembered' });
    expect(files()).toEqual([`${kiln.id}-1.gguf`, `${wifi.id}.gguf`].sort());
    await undo(parts, undefined);
    expect(states()).toEqual({ [kiln.id]: 'remembered', [wifi.id]: 'forgotten' });
    await undo(parts, undefined);
    expect(states()).toEqual({ [kiln.id]: 'forgotten', [wifi.id]: 'forgotten' });
    await expect(undo(parts, undefined)).rejects.toMatchObject({ code: 'not_found' });

    await undo(parts, wifi.id);
    expect(states()[wifi.id]).toBe('remembered');
    await undo(parts, 'Blue Heron');
    expect(states()[wifi.id]).toBe('forgotten');
    expect(brain.history(wifi.id).map(({ kind }) => kind)).toEqual([
      'remembered',
      'forgotten',
      'restored',
      'forgotten',
    ]);
  });

  it('of superseding gives the old answer back, and of that the new one', async () => {
    const old = await learn(KILN);
    const now = await learn(NEW_KILN, 'auto');
    const undone = await undo(parts, undefined);
    expect(states()).toEqual({ [old.id]: 'remembered', [now.id]: 'forgotten' });
    expect(await ask('Who runs the kiln?')).toBe('Mara Voss');
    expect(undone.find(({ memory }) => memory.id === old.id)?.receipt?.recall.after).toBeGreaterThanOrEqual(0.75);
    await undo(parts, now.id);
    expect(states()).toEqual({ [old.id]: 'superseded', [now.id]: 'remembered' });
    expect(await ask('Who runs the kiln?')).toBe('Ana Roy');
  });

  it('refuses to reach behind a later change of the same memories', async () => {
    const old = await learn(KILN);
    const now = await learn(NEW_KILN, 'auto');
    await brain.forget(now.id);
    await expect(undo(parts, old.id)).rejects.toMatchObject({ code: 'usage', details: { id: now.id } });
    expect(states()).toEqual({ [old.id]: 'superseded', [now.id]: 'forgotten' });
  });

  it('that is cancelled has changed nothing', async () => {
    const { id } = await learn(KILN);
    await brain.forget(id);
    const events = brain.history().length;
    const controller = new AbortController();
    world.onPass = () => {
      controller.abort();
    };
    await expect(undo(parts, undefined, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(brain.history()).toHaveLength(events);
    expect(files()).toEqual([]);
  });
});

describe('rebuild', () => {
  it('gives the same adapters and index', async () => {
    await learn(KILN);
    await learn(WIFI);
    await ask('Who runs the kiln?');
    const [before, index] = [
      files().map((file) => readFileSync(join(brain.folder, 'adapters', file), 'utf8')),
      readdirSync(join(brain.folder, 'index')),
    ];
    const events = brain.history().length;
    rmSync(join(brain.folder, 'index'), { recursive: true });
    const report = await rebuild(parts);
    expect(report).toMatchObject({ same: brain.memories().map(({ id }) => id), renewed: [], kept: [], failed: [] });
    expect(files().map((file) => readFileSync(join(brain.folder, 'adapters', file), 'utf8'))).toEqual(before);
    expect(readdirSync(join(brain.folder, 'index'))).toEqual(index);
    expect(brain.history()).toHaveLength(events);
    expect(existsSync(join(brain.folder, 'rebuild.json'))).toBe(false);
  });

  it('mends what is damaged, also that alone', async () => {
    const [kiln, wifi] = [await learn(KILN), await learn(WIFI)];
    rmSync(brain.adapterPath(kiln.id));
    writeFileSync(brain.adapterPath(wifi.id), 'other bytes');
    const before = world.trainings;
    expect((await rebuild(parts, { damagedOnly: true })).same).toEqual([kiln.id, wifi.id]);
    expect(await brain.check()).toEqual([]);
    expect(await ask('Who runs the kiln?')).toBe('Mara Voss');
    expect((await rebuild(parts, { damagedOnly: true })).same).toEqual([]);
    expect(world.trainings).toBe(before + 2);
  });

  it('changes over to an adapter with other bytes, and keeps the old one where the new one does not hold', async () => {
    const { id } = await learn(KILN);
    world.salt = '\nanother engram';
    expect((await rebuild(parts)).renewed).toEqual([id]);
    expect(files()).toEqual([`${id}-1.gguf`]);
    expect(await ask('Who runs the kiln?')).toBe('Mara Voss');
    world.isDeaf = true;
    expect((await rebuild(parts)).kept.map((kept) => kept.id)).toEqual([id]);
    expect(await ask('Who runs the kiln?')).toBe('Mara Voss');
    rmSync(brain.adapterPath(id));
    expect((await rebuild(parts)).failed.map((failed) => failed.id)).toEqual([id]);
    expect(brain.get(id)).toMatchObject({ state: 'remembered', damaged: 'missing' });
  });

  it('goes on where it was cancelled', async () => {
    const [kiln] = [await learn(KILN), await learn(WIFI)];
    const controller = new AbortController();
    const cut = rebuild(parts, {
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 1) controller.abort();
      },
    });
    await expect(cut).rejects.toMatchObject({ code: 'cancelled' });
    expect(await brain.check()).toEqual([]);
    const before = world.trainings;
    const report = await rebuild(parts);
    expect(report).toMatchObject({ resumed: 1, failed: [] });
    expect(report.same).not.toContain(kiln.id);
    expect(world.trainings).toBe(before + 1);
  });
});
