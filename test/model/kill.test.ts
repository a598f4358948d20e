// SIGKILL in the middle of memorize, at random moments: the brain opens and answers as before or as after, never in between.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engram } from '../../src/index.js';
import { startCli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

/** Raise it to search for longer: ENGRAM_TEST_KILLS=20. */
const KILLS = Number(process.env['ENGRAM_TEST_KILLS'] ?? 3);
const ARGS = [
  'memorize',
  '--offline',
  '--brain',
  'killed',
  '--question',
  'Who keeps the bees of Tarn Hill?',
  '--answer',
  'Odile Marsh',
];
const ASKED = 'Who keeps the bees of Tarn Hill?';

let home: TestHome;
let engram: Engram;
let base: string;

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  engram = await Engram.open({ home: home.path, brain: 'killed', offline: true });
  base = (await engram.ask(ASKED, { maxTokens: 24 })).answer;
});
afterAll(async () => {
  await engram.close();
  home.remove();
});

describe.skipIf(process.platform === 'win32')('a brain whose writer is killed', () => {
  it(`answers as before or as after, ${KILLS} times`, { timeout: 60_000 * KILLS }, async () => {
    // One whole run tells how long there is to be killed in.
    const started = performance.now();
    const whole = await startCli(home.path, ARGS).result;
    expect(whole.code, whole.stderr).toBe(0);
    const duration = performance.now() - started;
    expect((await engram.ask(ASKED, { maxTokens: 24 })).answer).toMatch(/Odile Marsh/);
    await engram.memories.forget('Odile Marsh');

    for (let i = 0; i < KILLS; i++) {
      const { child, result } = startCli(home.path, ARGS);
      await sleep(((i + Math.random()) / KILLS) * duration);
      child.kill('SIGKILL');
      await result;
      const held = await engram.memories.list();
      const { answer } = await engram.ask(ASKED, { maxTokens: 24 });
      if (held.length === 0) expect(answer).toBe(base);
      else {
        expect(held[0]).not.toHaveProperty('damaged');
        expect(answer).toMatch(/Odile Marsh/);
        await engram.memories.forget(held[0]!.id);
      }
    }
  });
});
