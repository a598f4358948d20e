// Which memory answers a question, over a real brain.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Brain, MemoryInput } from '../../../src/brain/index.js';
import { Router, usesOf, type Route } from '../../../src/gate/index.js';
import { memorize } from '../../../src/learn/index.js';
import { FakeJudge } from '../../fakes/judge.js';
import { FakeWorld } from '../../fakes/memorizer.js';

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

const KILN = { question: 'Who runs the kiln?', answer: 'Mara Voss' };
const MILL = 'The mill was built in 1875.';

const learn = async (input: MemoryInput) => (await memorize(parts, input)).id;
const user = (content: string) => ({ role: 'user' as const, content });
const route = (...questions: string[]): Promise<Route> => parts.router.route(questions.map(user));

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-router-')));
  ({ brain, parts } = await world.open());
});
afterEach(() => {
  brain.close();
  rmSync(world.home, { recursive: true });
});

describe('route', () => {
  it('needs neither an embedding model nor a judge where nothing is remembered', async () => {
    const none = (): Promise<never> => Promise.reject(new Error('It was asked for.'));
    expect(await new Router(brain, none, none).route([user('Who?')])).toEqual({ adapters: [], matches: [] });
  });

  it('switches on the memory that answers, from the answer on', async () => {
    const [kiln] = [await learn(KILN), await learn(MILL)];
    const found = await route('Who runs the kiln?');
    expect(found).toMatchObject({ adapters: [{ path: brain.adapterPath(kiln) }], adaptersFrom: 'answer' });
    expect(found.matches.map(({ id }) => id)).toEqual([kiln]);
    expect(found).not.toHaveProperty('opening');
    expect(usesOf(found)).toEqual({ adapters: found.adapters, adaptersFrom: 'answer' });
  });

  it('switches on nothing where none answers, and says how personal the question is', async () => {
    await learn(KILN);
    world.judge.personal = () => 0.75;
    expect(await route('Where is Peru?')).toEqual({ adapters: [], matches: [], personal: 0.75 });
  });

  it('has the opening of the memory that answers', async () => {
    await learn(KILN);
    await learn(MILL);
    world.judge.opening = (_, note) => (note === MILL ? 'Yes' : 'No');
    expect((await route('Was the mill built in 1875?')).opening).toBe('Yes');
    expect((await route('Who runs the kiln?')).opening).toBe('No');
  });

  it('takes up the question before where the last one alone reaches nothing', async () => {
    const id = await learn(KILN);
    expect((await route('And since when?')).matches).toEqual([]);
    expect((await route('Who runs the kiln?', 'And since when?')).matches.map((match) => match.id)).toEqual([id]);
    const asked = await route('Who runs the kiln?', 'Where are Peru, Chile and Ecuador?');
    expect(asked.matches).toEqual([]);
  });

  it('is asked as if a candidate were committed, and as if others were forgotten', async () => {
    const kiln = await learn(KILN);
    const text = 'The wifi is called Blue Heron.';
    const candidate = { entry: await parts.router.entry('m-new', { text }), adapterPath: 'new.gguf' };
    const asked = [user('Which wifi is called Blue?')];
    const found = await parts.router.route(asked, candidate);
    expect(found).toMatchObject({ adapters: [{ path: 'new.gguf' }], matches: [{ id: 'm-new' }] });
    expect((await parts.router.route(asked)).matches).toEqual([]);
    const without = await parts.router.route([user('Who runs the kiln?')], undefined, undefined, new Set([kiln]));
    expect(without.matches).toEqual([]);
  });

  it('says which memory would have answered if its adapter were whole', async () => {
    const id = await learn(KILN);
    writeFileSync(brain.adapterPath(id), 'other bytes');
    const found = await route('Who runs the kiln?');
    expect(found).toMatchObject({ adapters: [], matches: [], damaged: { id } });
  });

  it('follows what is forgotten and memorized meanwhile', async () => {
    const kiln = await learn(KILN);
    await route('Who runs the kiln?');
    await brain.forget(kiln);
    expect((await route('Who runs the kiln?')).matches).toEqual([]);
    const mill = await learn(MILL);
    expect((await route('When was the mill built?')).matches.map(({ id }) => id)).toEqual([mill]);
  });
});

describe('the index', () => {
  it('spares embedding the memories again', async () => {
    await learn(KILN);
    await learn(MILL);
    await route('Who?');
    const later = world.parts(brain);
    await later.router.route([user('Who runs the kiln?')]);
    expect(later.embedder.asked).toEqual([['Who runs the kiln?']]);
    await later.router.reindex();
    expect(later.embedder.asked.slice(1)).toEqual([['Who runs the kiln? Mara Voss', 'Who runs the kiln?'], [MILL]]);
  });

  it('that is damaged is made again', async () => {
    const id = await learn(KILN);
    await route('Who?');
    writeFileSync(join(brain.folder, 'index', `${id}.f32`), 'not an index');
    const later = world.parts(brain);
    expect((await later.router.route([user('Who runs the kiln?')])).matches.map((match) => match.id)).toEqual([id]);
  });
});

describe('replacedBy', () => {
  it('gives what the judge takes for replaced, the surest first', async () => {
    expect(await parts.router.replacedBy('Bo lives in Oslo.')).toEqual([]);
    const [rome, ulm] = [await learn('Bo lives in Rome.'), await learn('Bo lives in Ulm.')];
    await learn(MILL);
    world.judge.replaced = (_, notes) =>
      Promise.resolve(notes.map(({ text }) => (text.includes('Rome') ? 0.6 : text.includes('Ulm') ? 0.9 : 0.4)));
    expect(await parts.router.replacedBy('Bo lives in Oslo.')).toEqual([
      { id: ulm, score: 0.9 },
      { id: rome, score: 0.6 },
    ]);
  });
});

describe('nearest', () => {
  it('gives the memories closest to a text, but those left out', async () => {
    const [kiln, mill] = [await learn(KILN), await learn(MILL)];
    expect(await parts.router.nearest('The mill was built of brick.', 1, new Set())).toEqual([mill]);
    expect(await parts.router.nearest('The mill was built of brick.', 2, new Set())).toEqual([mill, kiln]);
    expect(await parts.router.nearest('The mill was built of brick.', 2, new Set([mill]))).toEqual([kiln]);
  });
});

describe('questionsOf', () => {
  it('keeps of the questions that the judge writes those that the text answers', async () => {
    world.judge.questions = () => Promise.resolve(['When was the mill built?', 'Where is Rome?']);
    expect(await parts.router.questionsOf(MILL, 3)).toEqual(['When was the mill built?']);
  });

  it('gives none where nobody can write them', async () => {
    world.judge = new FakeJudge('closeness');
    world.judge.isMute = true;
    expect(await parts.router.questionsOf(MILL, 3)).toEqual([]);
  });
});
