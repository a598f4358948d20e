// Adapters made elsewhere. The tiny adapter is PEFT's own, its GGUF is llama.cpp's converter's.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdapterStore } from '../../../src/training/index.js';
import { readAdapterFile, writeAdapterFile, type AdapterFile } from '../../../src/training/adapter-gguf.js';
import { fromPeft, type PeftBase } from '../../../src/training/from-peft.js';
import { toPeft } from '../../../src/training/peft.js';
import { readSafetensors } from '../../../src/training/safetensors-reader.js';
import { toSafetensors, type NamedTensor } from '../../../src/training/safetensors.js';
import { GGUF_ADAPTER, HEADS, PEFT_FOLDER } from './fixtures.js';

const MODEL = join(PEFT_FOLDER, '..', 'tiny-tied.gguf');
const OTHER_MODEL = join(PEFT_FOLDER, '..', 'tiny-qwen3.gguf');

let home: string;
let store: AdapterStore;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-import-'));
  store = new AdapterStore(home);
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** A copy of PEFT's folder, with keys of its config and tensors of its file changed. */
async function changed(
  config: Record<string, unknown> = {},
  tensors: (all: NamedTensor[]) => NamedTensor[] = (all) => all,
): Promise<string> {
  const folder = join(home, 'peft');
  cpSync(PEFT_FOLDER, folder, { recursive: true });
  const path = join(folder, 'adapter_config.json');
  const old = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...old, ...config }));
  const weights = join(folder, 'adapter_model.safetensors');
  writeFileSync(weights, toSafetensors(tensors(await readSafetensors(weights))));
  return folder;
}

describe('importing a PEFT folder', () => {
  it("gives what llama.cpp's converter made of it, and what the export of that was, bit for bit", async () => {
    const { adapter, saysBase } = await store.import(PEFT_FOLDER, { name: 'tiny', model: MODEL });
    expect(saysBase).toBe('tiny-tied');
    const [ours, theirs] = [await readAdapterFile(adapter.path), await readAdapterFile(GGUF_ADAPTER)];
    const byName = ({ matrices }: AdapterFile) => new Map(matrices.map((matrix) => [matrix.name, matrix]));
    expect(ours.alpha).toBe(theirs.alpha);
    expect(byName(ours)).toEqual(byName(theirs));
    expect(adapter.manifest).toMatchObject({
      rank: 4,
      alpha: 8,
      layers: [0, 2],
      kind: 'lora',
      ...{ trainedTokens: 0 },
    });
    expect(adapter.manifest.targets).toEqual(['q', 'k', 'v', 'o', 'gate', 'up', 'down']);

    await store.export('tiny', 'peft', join(home, 'out'));
    const again = await store.import(join(home, 'out'), { name: 'again', model: MODEL });
    expect(readFileSync(again.adapter.path).equals(readFileSync(adapter.path))).toBe(true);
  });

  it.each(['F16', 'BF16'])('reads %s as the numbers they are', async (dtype) => {
    const path = join(home, 'halves.safetensors');
    const bits = dtype === 'F16' ? [0x3c00, 0xc000, 0x0001, 0x7bff] : [0x3f80, 0xc000, 0x0080, 0x7f7f];
    const header = Buffer.from(JSON.stringify({ x: { dtype, shape: [2, 2], data_offsets: [0, 8] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(path, Buffer.concat([length, header, Buffer.from(Uint16Array.from(bits).buffer)]));
    const [tensor] = await readSafetensors(path);
    const expected = dtype === 'F16' ? [1, -2, 2 ** -24, 65504] : [1, -2, 2 ** -126, 255 * 2 ** 120];
    expect([...tensor!.values]).toEqual(expected);
  });

  it('keeps ranks and alphas of single modules, with and without rsLoRA', async () => {
    const rows = (rank: number, value: number): AdapterFile['matrices'] => [
      { name: 'blk.0.attn_v.weight.lora_a', rows: 4, columns: 2, values: new Float32Array(8).fill(1) },
      { name: 'blk.0.attn_v.weight.lora_b', rows: 2, columns: 4, values: new Float32Array(8).fill(1) },
      { name: 'blk.1.ffn_up.weight.lora_a', rows: rank, columns: 2, values: new Float32Array(2 * rank).fill(1) },
      { name: 'blk.1.ffn_up.weight.lora_b', rows: 3, columns: rank, values: new Float32Array(3 * rank).fill(value) },
    ];
    const tensors = new Map([
      ['blk.0.attn_v.weight', [2, 2]],
      ['blk.1.ffn_up.weight', [2, 3]],
    ]);
    const base: PeftBase = { architecture: 'llama', heads: 1, keyValueHeads: 1, tensors };
    const folder = join(home, 'mixed');
    for (const rankStabilized of [false, true]) {
      const file = { architecture: 'llama', alpha: 8, matrices: rows(1, 0.5) };
      const peft = toPeft(file, { baseModel: 'm', ...base, rankStabilized });
      cpSync(PEFT_FOLDER, folder, { recursive: true });
      for (const [name, data] of Object.entries(peft)) writeFileSync(join(folder, name), data as string);
      const back = await fromPeft(folder, base);
      expect(back.file).toEqual(file);
      expect(back).toMatchObject({ kind: rankStabilized ? 'rslora' : 'lora', rank: 4, alpha: rankStabilized ? 4 : 8 });
      const config = JSON.parse(peft['adapter_config.json']) as Record<string, unknown>;
      writeFileSync(
        join(folder, 'adapter_config.json'),
        JSON.stringify({ ...config, alpha_pattern: { '1.mlp.up_proj': rankStabilized ? 16 : 32 } }),
      );
      const four = await fromPeft(folder, base);
      expect(four.file.matrices).toEqual(rows(1, 2));
    }
  });

  it.each([
    ['DoRA', { use_dora: true }],
    ['biases', { bias: 'all' }],
    ['biases', { lora_bias: true }],
    ['modules_to_save', { modules_to_save: ['lm_head'] }],
    ['LOHA', { peft_type: 'LOHA' }],
    ['layer_replication', { layer_replication: [[0, 2]] }],
    ['trainable_token_indices', { trainable_token_indices: [1] }],
    ['pissa', { init_lora_weights: 'pissa_niter_4' }],
    ['use_tomorrow', { use_tomorrow: true }],
    ['alpha_pattern', { alpha_pattern: { '(a+)+$': 1 } }],
  ])('refuses %s by its name', async (name, config) => {
    const refused = store.import(await changed(config), { name: 'no', model: MODEL });
    await expect(refused).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(name) as string,
    });
    expect(existsSync(join(home, 'adapters', 'no'))).toBe(false);
  });

  const one = (name: string): NamedTensor => ({ name, shape: [1], values: Float32Array.of(1) });
  const prefix = 'base_model.model.model.layers.0.';
  it.each([
    ['DoRA', `${prefix}self_attn.q_proj.lora_magnitude_vector`],
    ['token embeddings', 'base_model.model.model.embed_tokens.lora_embedding_A'],
    ['output matrix', 'base_model.model.lm_head.lora_A.weight'],
    ['biases', `${prefix}self_attn.q_proj.bias`],
    ['whole matrix', 'base_model.model.model.norm.weight'],
    ['no place', `${prefix}mlp.experts.lora_A.weight`],
  ])('refuses a tensor for %s', async (what, name) => {
    const refused = store.import(await changed({}, (all) => [...all, one(name)]), { name: 'no', model: MODEL });
    await expect(refused).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(what) as string,
    });
  });

  it('refuses what belongs to another model, with the matrix', async () => {
    const refused = store.import(PEFT_FOLDER, { name: 'no', model: OTHER_MODEL });
    await expect(refused).rejects.toMatchObject({
      code: 'mismatch',
      message: expect.stringContaining('_proj') as string,
    });
    const cut = await changed({}, (all) => all.map((t) => ({ ...t, name: t.name.replace('layers.0', 'layers.70') })));
    await expect(store.import(cut, { name: 'no', model: MODEL })).rejects.toMatchObject({ code: 'mismatch' });
    expect(readdirSync(home)).toEqual(['peft']);
  });

  it('refuses halves that are missing, twice there or do not fit, numbers that are none, and files that break off', async () => {
    const attempts: ((all: NamedTensor[]) => NamedTensor[])[] = [
      (all) => all.slice(1),
      () => [],
      (all) => [...all, { ...all[0]!, name: all[0]!.name.replace('.weight', '.default.weight') }],
      (all) => all.map((t, i) => (i === 0 ? { ...t, shape: [1, t.values.length] } : t)),
      (all) => all.map((t, i) => (i === 0 ? { ...t, values: t.values.map(() => NaN) } : t)),
    ];
    for (const attempt of attempts) {
      const refused = store.import(await changed({}, attempt), { name: 'no', model: MODEL });
      await expect(refused).rejects.toMatchObject({ code: 'corrupt' });
    }
    const folder = await changed();
    const weights = readFileSync(join(folder, 'adapter_model.safetensors'));
    for (const bytes of [weights.subarray(0, 5), weights.subarray(0, 400), weights.subarray(0, -4)]) {
      writeFileSync(join(folder, 'adapter_model.safetensors'), bytes);
      await expect(store.import(folder, { name: 'no', model: MODEL })).rejects.toMatchObject({ code: 'corrupt' });
    }
    rmSync(join(folder, 'adapter_model.safetensors'));
    writeFileSync(join(folder, 'adapter_model.bin'), '');
    await expect(store.import(folder, { name: 'no', model: MODEL })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(store.import(home, { name: 'no', model: MODEL })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not take a name twice unless told to', async () => {
    await store.import(PEFT_FOLDER, { name: 'tiny', model: MODEL });
    await expect(store.import(PEFT_FOLDER, { name: 'tiny', model: MODEL })).rejects.toMatchObject({ code: 'exists' });
    await store.import(PEFT_FOLDER, { name: 'tiny', model: MODEL, replace: true });
    expect(readdirSync(join(home, 'adapters'))).toEqual(['tiny']);
  });
});

describe('importing a GGUF', () => {
  it('stores it as it is, with what it says', async () => {
    const { adapter } = await store.import(GGUF_ADAPTER, { name: 'tiny', model: MODEL });
    expect(readFileSync(adapter.path).equals(readFileSync(GGUF_ADAPTER))).toBe(true);
    expect(adapter.manifest).toMatchObject({
      rank: 4,
      alpha: 8,
      layers: [0, 2],
      base: { name: 'tiny-tied', ...HEADS },
    });
  });

  it('refuses a model, and an adapter of another one', async () => {
    await expect(store.import(MODEL, { name: 'no', model: MODEL })).rejects.toMatchObject({ code: 'unsupported' });
    const refused = store.import(GGUF_ADAPTER, { name: 'no', model: OTHER_MODEL });
    await expect(refused).rejects.toMatchObject({ code: 'mismatch' });
    expect(existsSync(join(home, 'adapters'))).toBe(false);
  });
});

describe('writeAdapterFile', () => {
  it('writes what readAdapterFile reads', async () => {
    const file = await readAdapterFile(GGUF_ADAPTER);
    await writeAdapterFile(join(home, 'copy.gguf'), file);
    expect(await readAdapterFile(join(home, 'copy.gguf'))).toEqual(file);
  });
});
