// qvac's trainer, llama.cpp's backward pass with LoRA: its packages in the cache, and a timed run over one shape. It trains a
// file of text by itself, so its steps cannot be interleaved with others; they are timed by what it reports of each.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { phase } from '../set-up/progress.mjs';
import { npm } from '../set-up/run.mjs';
import { cached } from './cache.mjs';
import { Child, throwIfInterrupted } from './child.mjs';
import { median } from './statistics.mjs';

export const QVAC = { '@qvac/llm-llamacpp': '0.53.0', bare: '1.31.2' };

const PROGRAM = fileURLToPath(new URL('qvac-step.cjs', import.meta.url));
/** The first step also builds its graphs. */
const STEPS = 4;

/** Installs qvac on first use and returns the folder. */
export function installQvac() {
  return cached(`qvac-${QVAC['@qvac/llm-llamacpp']}`, (folder) =>
    phase('Installing qvac, once', async () => {
      mkdirSync(folder);
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: QVAC }));
      await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]);
    }),
  );
}

/**
 * Times qvac's steps over one sequence of so many tokens, for at most `limitMs`.
 * @returns {{ ms: number, steps: number, rssMb: number | undefined }}
 */
export async function timeQvac({ folder, path }, { tokens, threads }, limitMs) {
  // Bare is started itself, not through its launcher, so that it is this process whose memory is read.
  const bare = createRequire(join(folder, 'package.json'))('bare-runtime')();
  chmodSync(bare, 0o755); // its launcher does this too
  const work = mkdtempSync(join(tmpdir(), 'engram-qvac-'));
  const child = new Child(bare, [PROGRAM, JSON.stringify({ folder, path, tokens, threads, work })]);
  try {
    writeFileSync(join(work, 'text.txt'), words((STEPS + 2) * tokens));
    const steps = await stepTimes(child, limitMs);
    return { ms: median(steps.length > 1 ? steps.slice(1) : steps), steps: steps.length, rssMb: child.peakRssMb() };
  } finally {
    child.kill();
    await child.end();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Milliseconds of each step it reports in time. Throws if there is not even one. */
async function stepTimes(child, limitMs) {
  const until = performance.now() + limitMs;
  const ends = [0];
  try {
    while (ends.length <= STEPS) {
      const { elapsed_ms: elapsedMs } = await child.ask(undefined, until - performance.now());
      if (elapsedMs !== undefined) ends.push(elapsedMs);
    }
  } catch (error) {
    throwIfInterrupted();
    if (ends.length === 1) throw error;
  }
  return ends.slice(1).map((end, i) => end - ends[i]);
}

/** Plain English words, at least as many as tokens. */
function words(count) {
  const list =
    'the village by river had a garden of stone where old people and small birds met every bright morning'.split(' ');
  return Array.from({ length: count }, (_, i) => list[(i * 7 + Math.floor(i / 19)) % list.length]).join(' ');
}
