// What is refused before a model is loaded, and what is said.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settle, type GivenSettings } from '../../../src/options/index.js';
import { Engram } from '../../../src/index.js';
import { checkAsking } from '../../../src/runtime/check-asking.js';
import type { AskOptions } from '../../../src/runtime/options.js';
import { LANGUAGE_MODEL, tinyGguf } from '../models/tiny-gguf.js';

const home = mkdtempSync(join(tmpdir(), 'engram-check-'));
const gguf = (name: string, content: Parameters<typeof tinyGguf>[0]): string => {
  const path = join(home, name);
  writeFileSync(path, tinyGguf(content));
  return path;
};
const { metadata, tensors } = LANGUAGE_MODEL;
const withoutTemplate = Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.includes('template')));
const chatModel = gguf('chat.gguf', LANGUAGE_MODEL);
const baseModel = gguf('base.gguf', { metadata: withoutTemplate, tensors });
const lora = (name: string, matrices: [string, number, number][], architecture = 'llama'): string =>
  gguf(name, {
    metadata: { 'general.type': 'adapter', 'adapter.type': 'lora', 'general.architecture': architecture },
    tensors: matrices.map(([tensor, columns, rows]) => {
      return { name: tensor, dimensions: [columns, rows], type: 0, bytes: 4 * columns * rows };
    }),
  });

const check = (given: GivenSettings, asking: AskOptions = {}, isChat = true): Promise<void> =>
  checkAsking(settle({ home, ...given }), asking, isChat);

describe('before a model is loaded', () => {
  it('too little memory to memorize is told, with what it is for', async () => {
    const contextSize = 2 ** 24;
    const model = gguf('long.gguf', {
      metadata: { ...metadata, 'llama.context_length': contextSize, 'llama.block_count': 4096 },
      tensors,
    });
    const open = { home, model, contextSize, offline: true, lazy: true };
    await using engram = await Engram.open(open);
    await expect(engram.memories.add('The mill was built in 1875.')).rejects.toMatchObject({
      code: 'memory',
      message: expect.stringMatching(/^Memorizing with long/) as unknown,
    });
  });

  it('a conversation with one that has no chat template is refused, and a text is not', async () => {
    await expect(check({ model: baseModel })).rejects.toMatchObject({ code: 'unsupported' });
    await check({ model: baseModel }, {}, false);
    await check({ model: baseModel, chatTemplate: 'gemma' });
    await check({ model: chatModel });
    await expect(check({ model: chatModel, chatTemplate: 'none' })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('options that cannot be are refused, and adapters that are not there or of another model', async () => {
    const ask = (asking: AskOptions) => check({ model: chatModel }, asking);
    await expect(ask({ temperature: -1 })).rejects.toMatchObject({ code: 'usage' });
    await expect(ask({ passages: 99 })).rejects.toMatchObject({ code: 'usage' });
    await expect(ask({ jsonSchema: { type: 'text' } })).rejects.toMatchObject({ code: 'usage' });
    await expect(ask({ adapter: 'none' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(ask({ adapter: './none.gguf' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(ask({ adapter: chatModel })).rejects.toMatchObject({ code: 'unsupported' });
    await ask({ adapter: lora('fits.gguf', [['output_norm.weight.lora_a', 64, 2]]) });
    for (const other of [
      lora('wide.gguf', [['output_norm.weight.lora_a', 32, 2]]),
      lora('more.gguf', [['blk.9.attn_q.weight.lora_a', 64, 2]]),
      lora('qwen.gguf', [], 'qwen2'),
    ]) {
      await expect(ask({ adapter: other })).rejects.toMatchObject({ code: 'mismatch' });
    }
  });
});
