import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/inference/turns.js';

/** An action that notes its beginning and its end. */
const noting =
  (log: string[], name: string, ms = 2) =>
  async (): Promise<void> => {
    log.push(`${name} begins`);
    await setTimeout(ms);
    log.push(`${name} ends`);
  };

describe('turns', () => {
  it('run one after the other, also after a failure', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const slow = turns.run('a', noting(log, 'slow', 5));
    const broken = turns.run('a', () => Promise.reject(new Error('broken')));
    const quick = turns.run('a', noting(log, 'quick', 1));
    await expect(broken).rejects.toThrow('broken');
    await Promise.all([slow, quick]);
    expect(log).toEqual(['slow begins', 'slow ends', 'quick begins', 'quick ends']);
  });

  it('run at the same time where they are of one kind, as many as may', async () => {
    const turns = new Turns(2);
    const log: string[] = [];
    await Promise.all(['1', '2', '3'].map((name) => turns.run('a', noting(log, name))));
    expect(log.slice(0, 2)).toEqual(['1 begins', '2 begins']);
    expect(log.indexOf('3 begins')).toBeGreaterThan(2);
  });

  it('keep those of another kind apart, in the order in which they came', async () => {
    const turns = new Turns(4);
    const log: string[] = [];
    const kinds = ['a', 'a', 'b', 'a', undefined, undefined];
    await Promise.all(kinds.map((kind, i) => turns.run(kind, noting(log, `${kind ?? 'alone'}${i}`))));
    const after = (later: string, earlier: string): void => {
      expect(log.indexOf(`${later} begins`)).toBeGreaterThan(log.indexOf(`${earlier} ends`));
    };
    expect(log.slice(0, 2)).toEqual(['a0 begins', 'a1 begins']);
    after('b2', 'a1');
    after('a3', 'b2');
    after('alone4', 'a3');
    after('alone5', 'alone4');
  });

  it('tell when nothing is left', async () => {
    const turns = new Turns();
    const log: string[] = [];
    await turns.idle();
    void turns.run('a', noting(log, 'last'));
    await turns.idle();
    expect(log).toEqual(['last begins', 'last ends']);
  });
});
