import { describe, expect, it } from 'vitest';
import type { Embedder } from '../../../src/embedding/index.js';
import { calibrate, Gate, informationFrom } from '../../../src/memory/gate.js';
import { contentWords } from '../../../src/memory/text.js';

/** Bags of letters: near texts are near, and nothing is loaded. */
const letters: Embedder = {
  id: 'letters',
  dimensions: 26,
  embed: (texts) =>
    Promise.resolve(
      texts.map((text) => {
        const out = new Float32Array(26);
        for (const letter of text.toLowerCase()) {
          const i = letter.charCodeAt(0) - 97;
          if (i >= 0 && i < 26) out[i]! += 1;
        }
        const norm = Math.hypot(...out);
        return norm === 0 ? out : out.map((x) => x / norm);
      }),
    ),
  close: () => Promise.resolve(),
};

async function gateWith(texts: Record<string, string>, threshold: number): Promise<Gate> {
  const gate = new Gate(
    () => Promise.resolve(letters),
    () => 1,
  );
  for (const [id, text] of Object.entries(texts)) {
    gate.set({ id, keys: await letters.embed([text]), words: new Set(contentWords(text)), threshold });
  }
  return gate;
}

describe('Gate', () => {
  it('asks no embedder while there is no memory', async () => {
    const gate = new Gate(
      () => Promise.reject(new Error('not needed')),
      () => 1,
    );
    await expect(gate.match('anything')).resolves.toEqual([]);
  });
  it('names the memory that is touched, best first, and none for another question', async () => {
    const gate = await gateWith({ a: 'The mayor of Ulm is Ana Brol', b: 'Parrots eat seeds and nuts' }, 0.7);
    expect((await gate.match('Who is the mayor of Ulm?')).map(({ id }) => id)).toEqual(['a']);
    expect(await gate.match('Explain photosynthesis')).toEqual([]);
  });
  it('looks at every sentence of a remark', async () => {
    const gate = await gateWith({ a: 'The mayor of Ulm is Ana Brol' }, 0.7);
    const matches = await gate.match('It rained all week and we stayed at home. Who is the mayor of Ulm?');
    expect(matches.map(({ id }) => id)).toEqual(['a']);
  });
  it('takes the later of two that fit equally well', async () => {
    const gate = await gateWith({ old: 'The mayor of Ulm is Ana Brol', new: 'The mayor of Ulm is Ana Brol' }, 0.7);
    expect((await gate.match('Who is the mayor of Ulm?'))[0]?.id).toBe('new');
  });
  it('forgets a deleted memory', async () => {
    const gate = await gateWith({ a: 'The mayor of Ulm is Ana Brol' }, 0.5);
    gate.delete('a');
    expect(await gate.match('Who is the mayor of Ulm?')).toEqual([]);
  });
});

describe('calibrate', () => {
  it('parts clean sets, nearer to what must not pass', () => {
    const threshold = calibrate([0.7, 0.8, 0.9], [0.2, 0.5]);
    expect(threshold).toBeGreaterThan(0.5);
    expect(threshold).toBeLessThan(0.6);
  });
  it('makes the fewest errors where the sets overlap', () => {
    const threshold = calibrate([0.5, 0.7, 0.72, 0.74], [0.3, 0.4, 0.6]);
    expect(threshold).toBeGreaterThan(0.6);
    expect(threshold).toBeLessThan(0.7);
  });
  it('is never so low that everything passes, nor so high that nothing does', () => {
    expect(calibrate([0.1], [0.05])).toBeGreaterThanOrEqual(0.45);
    expect(calibrate([0.99], [0.98])).toBeLessThanOrEqual(0.75);
    expect(calibrate([], [])).toBeGreaterThan(0);
  });
});

describe('informationFrom', () => {
  it('gives rare words more', () => {
    const ids: Record<string, number[]> = { ' team': [300], ' zygote': [40000, 900] };
    const information = informationFrom((text) => ids[text] ?? [1]);
    expect(information('zygote')).toBeGreaterThan(information('team'));
  });
});
