// An Engram that loads no model: what needs none works, and what cannot be is refused first. Not here: answering and learning
// (test/model).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engram } from '../../../src/index.js';
import { memorize } from '../../../src/learn/index.js';
import { FakeWorld } from '../../fakes/memorizer.js';

let home: string;
let engram: Engram;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'engram-lazy-'));
  engram = await Engram.open({ home, offline: true, lazy: true });
});
afterEach(async () => {
  await engram.close();
  rmSync(home, { recursive: true });
});

/** Remembers something, of a model that is not there. */
async function remember(text: string): Promise<string> {
  const { brain, parts } = await new FakeWorld(home).open();
  const { id } = await memorize(parts, text);
  brain.close();
  return id;
}

describe('without a model', () => {
  it('memories are listed, found, forgotten and told of', async () => {
    expect(await engram.memories.list()).toEqual([]);
    await expect(engram.memories.forget('mill')).rejects.toMatchObject({ code: 'not_found' });
    const id = await remember('The mill was built in 1875.');
    expect(await engram.memories.list()).toMatchObject([{ id, state: 'remembered' }]);
    expect(await engram.memories.get('mill')).toMatchObject({ id });
    expect(await engram.brains.list()).toMatchObject([{ name: 'default', model: 'tiny', memories: 1, damaged: 0 }]);
    expect(await engram.memories.check()).toEqual([]);
    expect(await engram.memories.forget('mill')).toMatchObject({ id, state: 'forgotten' });
    expect(await engram.memories.list()).toEqual([]);
    expect(await engram.memories.list({ all: true })).toHaveLength(1);
    expect((await engram.memories.history('mill')).at(-1)).toMatchObject({ kind: 'forgotten', memoryId: id });
  });

  it('brains go into files and out of them, and are removed', async () => {
    await remember('The mill was built in 1875.');
    const path = join(home, 'a.engram');
    await engram.brains.export(path);
    expect(await engram.brains.import(path, { name: 'copy' })).toMatchObject({ name: 'copy', memories: 1 });
    expect(engram.brains.names()).toEqual(['copy', 'default']);
    await engram.brains.remove('default');
    expect([engram.brains.has('default'), engram.brains.has('copy')]).toEqual([false, true]);
    expect(await engram.memories.list()).toEqual([]);
    await expect(engram.brains.remove('default')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('documents, adapters, runs, models and chats are listed', async () => {
    expect(await engram.documents.list()).toEqual([]);
    expect(await engram.adapters.list()).toEqual({ adapters: [], broken: [] });
    expect(await engram.adapters.runs()).toEqual([]);
    expect(await engram.models.trainable()).toEqual([]);
    expect((await engram.models.list()).length).toBeGreaterThan(0);
    expect(await engram.chats.list()).toEqual([]);
  });
});

describe('with a store', () => {
  const store = 'postgres://mara:sesame@127.0.0.1:1/none';

  it('what needs one asks for it', async () => {
    await expect(engram.jobs.list()).rejects.toMatchObject({ code: 'usage', message: 'Jobs are in a store.' });
    await expect(engram.jobs.work({ worker: 'attic' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('brains are not removed, and a store that is away is told of without its password', async () => {
    await using shared = await Engram.open({ home, store, offline: true, lazy: true });
    await expect(shared.brains.remove('b')).rejects.toMatchObject({ code: 'unsupported' });
    const error = await shared.brains.list().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'network' });
    expect(String(error)).not.toContain('sesame');
  });

  it('an address that is none is refused without what was given', async () => {
    const error = await Engram.open({ home, store: 'postgres//mara:sesame@h/d', lazy: true }).catch(String);
    expect(error).toContain('Expected the address of a store');
    expect(error).not.toContain('sesame');
  });
});

it('a server that answers cannot be asked for explanations', async () => {
  await using elsewhere = await Engram.open({ home, server: 'http://127.0.0.1:1/v1', offline: true, lazy: true });
  await expect(elsewhere.memories.explain('Who?')).rejects.toMatchObject({ code: 'unsupported' });
});

describe('what cannot be', () => {
  it('is refused before a model is looked for', async () => {
    await expect(engram.ask('Who?', { topP: 7 })).rejects.toMatchObject({ code: 'usage', option: 'topP' });
    await expect(engram.complete('Once', { temperature: -1 })).rejects.toMatchObject({ option: 'temperature' });
    await expect(engram.chat([], { passages: 99 })).rejects.toMatchObject({ option: 'passages' });
    await expect(engram.ask('  ')).rejects.toMatchObject({ code: 'empty' });
    await expect(engram.adapters.train({ file: '/none.jsonl', adapter: 'a' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(engram.embed(['x'], { by: 'magic' as never })).rejects.toMatchObject({ option: 'by' });
    expect(() => engram.contextSize).toThrow('not loaded');
  });

  it('is said of a model that is not there, each time', async () => {
    for (let i = 0; i < 2; i++) await expect(engram.ask('Who?')).rejects.toMatchObject({ code: 'offline' });
    await expect(Engram.open({ home, offline: true })).rejects.toMatchObject({ code: 'offline' });
  });

  it('ends with an AbortError where it is cancelled', async () => {
    const signal = AbortSignal.abort('enough');
    const cancelled = { name: 'AbortError', code: 'cancelled', said: '', cause: 'enough' };
    await expect(engram.ask('Who?', { signal })).rejects.toMatchObject(cancelled);
    await expect(engram.stream('Who?', { signal }).next()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(engram.load({ signal })).rejects.toMatchObject(cancelled);
  });
});

it('is closed by `await using`, and once', async () => {
  const other = await Engram.open({ home, offline: true, lazy: true });
  await other[Symbol.asyncDispose]();
  await other.close();
  await expect(other.ask('Who?')).rejects.toMatchObject({ name: 'AbortError' });
});
