// Results that a run which was cut off does not measure again, and how long the rest takes.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load, newFolder } from './parts.js';

const { Journal } = await load<{
  Journal: new (
    path: string | undefined,
    identity: object,
  ) => { once: (key: string, measure: () => unknown) => Promise<unknown>; has: (key: string) => boolean };
}>('journal');
const { Estimate } = await load<{
  Estimate: new (of: number, now: () => number) => { tick: () => void; toString: () => string };
}>('estimate');

describe('the journal', () => {
  it('measures once, also in the next process, and a line that was cut off again', async () => {
    const path = join(newFolder(), 'run.jsonl');
    const first = new Journal(path, { kind: 'zsre' });
    await first.once('a', () => 1);
    await first.once('b', () => 2);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -4));
    const second = new Journal(path, { kind: 'zsre' });
    expect(await second.once('a', () => 'again')).toBe(1);
    expect(await second.once('b', () => 'again')).toBe('again');
    expect(new Journal(path, { kind: 'zsre' }).has('b')).toBe(true);
  });

  it('refuses the file of another run, and a file of something else, and leaves both as they are', () => {
    const folder = newFolder();
    const path = join(folder, 'run.jsonl');
    new Journal(path, { kind: 'zsre', seed: 1 });
    expect(() => new Journal(path, { kind: 'zsre', seed: 2 })).toThrow(/another run \(seed\)/);
    const notes = join(folder, 'notes.txt');
    appendFileSync(notes, 'dear diary');
    expect(() => new Journal(notes, {})).toThrow('no file of results');
    expect(readFileSync(notes, 'utf8')).toBe('dear diary');
  });

  it('keeps nothing of what failed', async () => {
    const journal = new Journal(undefined, {});
    await expect(journal.once('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(journal.has('a')).toBe(false);
  });
});

it('says how long the rest takes, from what was done in this run', () => {
  let now = 0;
  const estimate = new Estimate(3, () => now);
  expect(estimate.toString()).toBe('0 of 3');
  const after = (ms: number): string => {
    now += ms;
    estimate.tick();
    return estimate.toString();
  };
  expect([after(60_000), after(60_000), after(1)]).toEqual([
    '1 of 3, about 2 min left',
    '2 of 3, about 60 s left',
    '3 of 3',
  ]);
});
