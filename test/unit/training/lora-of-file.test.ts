// The ranks that an adapter's file has are those it is loaded with.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loraOfFile } from '../../../src/training/lora-of-file.js';
import type { AdapterManifest } from '../../../src/training/manifest.js';
import { tinyGguf } from '../models/tiny-gguf.js';

const MANIFEST = {
  ...{ rank: 4, alpha: 8, targets: ['q', 'down'], layers: [1, 2], kind: 'rslora' },
  base: { architecture: 'llama' },
} as unknown as AdapterManifest;

function file(ranks: Record<string, number>): string {
  const tensors = Object.entries(ranks).flatMap(([name, rank]) => [
    { name: `${name}.weight.lora_a`, dimensions: [8, rank], type: 0, bytes: 32 * rank },
    { name: `${name}.weight.lora_b`, dimensions: [rank, 8], type: 0, bytes: 32 * rank },
  ]);
  const path = join(mkdtempSync(join(tmpdir(), 'engram-lora-')), 'adapter.gguf');
  writeFileSync(path, tinyGguf({ tensors }));
  return path;
}

it('loads an adapter with the rank of each matrix, and its kind', () => {
  const path = file({ 'blk.1.attn_q': 2, 'blk.1.ffn_down': 4, 'blk.2.ffn_down': 1 });
  const { rankPattern, kind, rank } = loraOfFile(MANIFEST, path);
  expect({ rankPattern, kind, rank }).toEqual({
    rankPattern: { '1.q': 2, '2.q': 0, '2.down': 1 },
    ...{ kind: 'rslora', rank: 4 },
  });
  const even = { 'blk.1.attn_q': 4, 'blk.1.ffn_down': 4, 'blk.2.attn_q': 4, 'blk.2.ffn_down': 4 };
  expect(loraOfFile(MANIFEST, file(even)).rankPattern).toBeUndefined();
});
