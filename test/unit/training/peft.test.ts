import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAdapterFile, type AdapterFile } from '../../../src/training/adapter-gguf.js';
import { toPeft } from '../../../src/training/peft.js';
import { toSafetensors } from '../../../src/training/safetensors.js';
import { GGUF_ADAPTER, HEADS, PEFT_FOLDER } from './fixtures.js';
import { readSafetensors } from './safetensors-reader.js';

const options = { baseModel: 'some/model', ...HEADS };

/** B of one q_proj with 2 heads of 4 rows and rank 1; each row holds its number. */
const adapter = (architecture: string, module = 'attn_q'): AdapterFile => ({
  architecture,
  alpha: 4,
  matrices: [
    { name: `blk.0.${module}.weight.lora_a`, rows: 1, columns: 3, values: Float32Array.of(1, 2, 3) },
    { name: `blk.0.${module}.weight.lora_b`, rows: 8, columns: 1, values: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) },
  ],
});

const rowsOfB = (file: AdapterFile, keyValueHeads = 2): number[] => {
  const peft = toPeft(file, { baseModel: 'm', heads: 2, keyValueHeads });
  const tensors = readSafetensors(peft['adapter_model.safetensors']);
  return [...tensors].find(([name]) => name.endsWith('lora_B.weight'))![1].values;
};

describe('toPeft', () => {
  it("gives PEFT's own files back for what llama.cpp's converter made of them", async () => {
    const made = toPeft(await readAdapterFile(GGUF_ADAPTER), options);
    const ours = readSafetensors(made['adapter_model.safetensors']);
    const theirs = readSafetensors(readFileSync(join(PEFT_FOLDER, 'adapter_model.safetensors')));
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, tensor] of theirs) expect(ours.get(name), name).toEqual(tensor);

    const config = JSON.parse(made['adapter_config.json']) as Record<string, unknown>;
    const theirConfig = JSON.parse(readFileSync(join(PEFT_FOLDER, 'adapter_config.json'), 'utf8')) as typeof config;
    for (const key of ['peft_type', 'task_type', 'r', 'lora_alpha', 'target_modules', 'bias', 'use_rslora']) {
      expect(config[key], key).toEqual(theirConfig[key]);
    }
    expect(config['base_model_name_or_path']).toBe('some/model');
  });

  it('puts the rows of q and k in the order of Hugging Face, head by head', () => {
    expect(rowsOfB(adapter('llama'))).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect(rowsOfB(adapter('llama', 'attn_k'), 1)).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    for (const kin of ['mistral3', 'smollm3']) expect(rowsOfB(adapter(kin))).toEqual(rowsOfB(adapter('llama')));
  });

  it('leaves other matrices and other architectures alone', () => {
    const inOrder = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(rowsOfB(adapter('llama', 'attn_v'))).toEqual(inOrder);
    expect(rowsOfB(adapter('llama', 'ffn_down'))).toEqual(inOrder);
    expect(rowsOfB(adapter('qwen3'))).toEqual(inOrder);
  });

  it('gives each matrix its rank, and names modules one by one where some are left out', () => {
    const pair = (module: string, rank: number): AdapterFile['matrices'] => [
      { name: `blk.${module}.weight.lora_a`, rows: rank, columns: 1, values: new Float32Array(rank).fill(1) },
      { name: `blk.${module}.weight.lora_b`, rows: 1, columns: rank, values: new Float32Array(rank).fill(1) },
    ];
    const matrices = [pair('0.attn_v', 4), pair('0.ffn_up', 4), pair('1.ffn_up', 1)].flat();
    const made = (rankStabilized: boolean): ReturnType<typeof toPeft> =>
      toPeft({ architecture: 'llama', alpha: 8, matrices }, { ...options, rankStabilized });
    const config = JSON.parse(made(false)['adapter_config.json']) as Record<string, unknown>;
    expect(config).toMatchObject({ r: 4, lora_alpha: 8, use_rslora: false });
    expect(config['rank_pattern']).toEqual({ 'layers.1.mlp.up_proj': 1 });
    expect(config['target_modules']).toEqual([
      'model.layers.0.mlp.up_proj',
      'model.layers.0.self_attn.v_proj',
      'model.layers.1.mlp.up_proj',
    ]);
    // As rsLoRA: alpha / sqrt(rank) times B is what alpha / rank times B is in llama.cpp.
    const stabilized = made(true);
    const alpha = (JSON.parse(stabilized['adapter_config.json']) as { lora_alpha: number }).lora_alpha;
    for (const [name, { values, shape }] of readSafetensors(stabilized['adapter_model.safetensors'])) {
      const rank = shape[1]!;
      if (name.endsWith('lora_B.weight')) expect((values[0]! * alpha) / Math.sqrt(rank)).toBeCloseTo(8 / rank);
    }
  });

  it('names the layers that are adapted', () => {
    const config = JSON.parse(toPeft(adapter('llama', 'attn_v'), options)['adapter_config.json']) as Record<
      string,
      unknown
    >;
    expect(config).toMatchObject({ layers_to_transform: [0], target_modules: ['v_proj'], r: 1, lora_alpha: 4 });
  });

  it('refuses tensors that PEFT has no place for, and rows that cannot be heads', () => {
    const unsupported = expect.objectContaining({ code: 'unsupported' }) as Error;
    expect(() => rowsOfB(adapter('llama', 'attn_qkv'))).toThrow(unsupported);
    expect(() => rowsOfB(adapter('phi3', 'ffn_up'))).toThrow(unsupported);
    expect(() => toPeft({ architecture: 'llama', alpha: 1, matrices: [] }, options)).toThrow(unsupported);
    expect(() => toPeft(adapter('llama'), { baseModel: 'm', heads: 3, keyValueHeads: 1 })).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    );
  });
});

describe('toSafetensors', () => {
  it('aligns the data and keeps the metadata', () => {
    const bytes = toSafetensors([{ name: 'x', shape: [2], values: Float32Array.of(1, -2) }], { format: 'pt' });
    const headerBytes = Number(Buffer.from(bytes).readBigUInt64LE(0));
    expect(headerBytes % 8).toBe(0);
    expect(bytes.length).toBe(8 + headerBytes + 8);
    expect(readSafetensors(bytes)).toEqual(new Map([['x', { dtype: 'F32', shape: [2], values: [1, -2] }]]));
  });
});
