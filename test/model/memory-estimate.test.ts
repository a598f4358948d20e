// The estimate that is asked before a model is loaded, held against what a process of its own was measured to take: resident memory
// after a chat, and the most that it was while a memory was learned, after which what training took is freed again. While the model
// is loaded, a chat takes more for a moment: that is not estimated. Within 5% where it was written; machines with other kernels
// hold other copies.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModel, memoryNeeds, resolveModel } from '../../src/models/index.js';
import { testHome, type TestHome } from '../support/home.js';

const CONTEXT = 1024;
const DIST = new URL('../../dist/index.js', import.meta.url).href;

let home: TestHome;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
});
afterAll(() => {
  home.remove();
});

/** Bytes after a chat, and at most with a memory besides. */
async function measured(): Promise<{ chat: number; memorized: number }> {
  const script = join(home.path, 'child.mjs');
  writeFileSync(
    script,
    `import { readFileSync } from 'node:fs';
import { Engram } from ${JSON.stringify(DIST)};
const engram = await Engram.open({ home: ${JSON.stringify(home.path)}, contextSize: ${CONTEXT}, gpu: false, offline: true });
await engram.ask('What is the capital of France?', { maxTokens: 8 });
const chat = process.memoryUsage.rss();
await engram.memories.add('The door code of the cabin is 7291.');
const memorized = 1024 * Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
await engram.close();
console.log(JSON.stringify({ chat, memorized }));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  return JSON.parse(stdout) as { chat: number; memorized: number };
}

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the estimate of memory', () => {
  it('is within a fifth of what chat and memorizing take', async () => {
    const { path } = await resolveModel(home.path, 'smollm2-135m-instruct');
    const needs = memoryNeeds(inspectModel(path), { contextSize: CONTEXT });
    const { chat, memorized } = await measured();
    for (const [estimate, real] of [
      [needs.chat, chat],
      [needs.training, memorized],
    ] as const) {
      expect(estimate / real).toBeGreaterThan(0.8);
      expect(estimate / real).toBeLessThan(1.2);
    }
  });
});
