// Every reader over files that are nearly sound, in a process of its own: each is read or skipped with a reason, in bounds. A few in the
// usual run; ENGRAM_TEST_FUZZ=100000 npx vitest run --project unit test/unit/retrieval/fuzz.test.ts tries more. What a reader does not
// survive is left in build/fuzz-readers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ReaderProcess } from '../../../src/retrieval/apart/index.js';
import { compiledReader } from '../../support/compiled-reader.js';
import { readerSeeds } from '../../support/reader-seeds.js';

const RUNS = Number(process.env['ENGRAM_TEST_FUZZ'] ?? 100);
const LEFT = fileURLToPath(new URL('../../../build/fuzz-readers', import.meta.url));

/** What readers do not expect where it stands. */
const HOSTILE = [
  '\0',
  '<',
  '>',
  '&',
  '"',
  '{',
  '}',
  '\\',
  '\n',
  '%',
  '\uFEFF',
  '\u202E',
  '-1',
  '4294967296',
  '1e999',
  ']]>',
  '\r',
];

type Random = (below: number) => number;

/** mulberry32: the same file for the same number. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function changed(bytes: Buffer, random: Random): Buffer {
  let now = Buffer.from(bytes);
  for (let i = random(4); i >= 0 && now.length > 0; i--) {
    const [a, b] = [random(now.length), random(now.length)].sort((x, y) => x - y) as [number, number];
    const piece = now.subarray(a, Math.min(b, a + 60));
    const way = random(6);
    if (way === 0) now[a] = random(256);
    else if (way === 1) now = Buffer.concat([now.subarray(0, a), now.subarray(a + piece.length)]);
    else if (way === 2)
      now = Buffer.concat([
        now.subarray(0, a),
        ...Array.from({ length: 1 + random(50) }, () => piece),
        now.subarray(a),
      ]);
    else if (way === 3)
      now = Buffer.concat([now.subarray(0, a), Buffer.from(HOSTILE[random(HOSTILE.length)]!), now.subarray(a)]);
    else if (way === 4) now = Buffer.from(now.subarray(0, a));
    else now = Buffer.concat([now.subarray(0, a), now.subarray(b), now.subarray(a, b)]);
  }
  return now;
}

it('reads each file that is sound', async () => {
  const reader = new ReaderProcess({ seconds: 20 }, compiledReader());
  for (const { name, make } of await readerSeeds()) {
    const { chunks } = await reader.read(
      make((part) => part),
      name,
    );
    expect(chunks.length, name).toBeGreaterThan(0);
  }
  await reader.close();
});

it('survives what is nearly a file', { timeout: 60_000 + 500 * RUNS }, async () => {
  const seeds = await readerSeeds();
  const reader = new ReaderProcess({ seconds: 20 }, compiledReader());
  const failed: string[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { name, make } = seeds[run % seeds.length]!;
    const random = randomFrom(run);
    const bytes = make((part) => changed(part, random));
    try {
      const { chunks, characters } = await reader.read(bytes, name);
      const isSound = chunks.every(({ start, end }) => start >= 0 && end > start && end <= characters);
      if (!isSound) throw Object.assign(new Error('passages out of bounds'), { code: 'crashed' });
    } catch (error) {
      const { code, message } = error as Error & { code: string };
      if (!['crashed', 'too_slow', 'too_much_memory', 'native'].includes(code)) continue;
      mkdirSync(LEFT, { recursive: true });
      writeFileSync(join(LEFT, `${run}-${name}`), bytes);
      failed.push(`${run}-${name}: ${code}: ${message}`);
    }
  }
  await reader.close();
  expect(failed).toEqual([]);
});
