// The kernel of the exact search: made of the source beside it, and right for vectors of any length.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BATCH, VectorMemory } from '../../../../src/retrieval/vectors/vector-memory.js';
import { randomVectors } from './vectors.js';

describe('inner products', () => {
  it('are computed by what inner-products.wat says (else: node scripts/assemble.mjs)', async () => {
    const script = new URL('../../../../scripts/assemble.mjs', import.meta.url).href;
    const { assemble } = (await import(script)) as { assemble: () => Promise<string> };
    const made = readFileSync('src/retrieval/vectors/inner-products.wasm.ts', 'utf8');
    expect(made).toBe(await assemble());
  });

  it.each([1, 3, 16, 17, 384])('of vectors of %i numbers are those of plain arithmetic', (size) => {
    const memory = new VectorMemory(size);
    memory.reserve(BATCH + 5);
    const vectors = randomVectors(BATCH + 5, size);
    for (let slot = 0; slot < BATCH + 5; slot++)
      memory.vector(slot).set(vectors.subarray(slot * size, (slot + 1) * size));
    const query = randomVectors(1, size, 2);
    const slots = [BATCH + 4, 0, 7, 7, BATCH];
    memory.rows.set(slots);
    const products = memory.products(query, slots.length);
    slots.forEach((slot, i) => {
      const expected = query.reduce((sum, value, d) => sum + value * vectors[slot * size + d]!, 0);
      expect(products[i]).toBeCloseTo(expected, 4);
    });
  });

  it('are those of before when there is more room', () => {
    const memory = new VectorMemory(384);
    memory.reserve(1);
    memory.vector(0).fill(0.5);
    memory.reserve(5000);
    memory.rows[0] = 0;
    expect(memory.products(new Float32Array(384).fill(1), 1)[0]).toBe(192);
  });

  it('are refused for more than 4 GiB of vectors', () => {
    const memory = new VectorMemory(1024);
    expect(() => {
      memory.reserve(2 ** 21);
    }).toThrow(expect.objectContaining({ code: 'memory' }) as Error);
  });
});
