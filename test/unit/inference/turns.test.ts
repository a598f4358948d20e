import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/inference/turns.js';

describe('turns', () => {
  it('run one after the other, also after a failure', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const slow = turns.run(async () => {
      await setTimeout(5);
      log.push('slow');
    });
    const broken = turns.run(() => Promise.reject(new Error('broken')));
    const quick = turns.run(() => Promise.resolve(log.push('quick')));
    await expect(broken).rejects.toThrow('broken');
    await Promise.all([slow, quick]);
    expect(log).toEqual(['slow', 'quick']);
  });

  it('wait for what an action left behind, without its caller waiting', async () => {
    const turns = new Turns();
    const log: string[] = [];
    await turns.run((defer) => {
      defer(setTimeout(10).then(() => log.push('rest')));
      defer(Promise.reject(new Error('nobody hears this')));
      return Promise.resolve();
    });
    expect(log).toEqual([]);
    await turns.run(() => Promise.resolve(log.push('next')));
    expect(log).toEqual(['rest', 'next']);
    await turns.idle();
  });
});
