// Embedder over transformers.js and onnxruntime: a sentence model from a local folder in transformers.js' own layout. Not
// here: fetching the folder (models/).
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  AutoModel,
  AutoTokenizer,
  env,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  type Tensor,
} from '@huggingface/transformers';
import { EngramError, throwIfCancelled } from '../errors.js';
import type { Embedder } from './types.js';

export interface EmbedderOptions {
  /** Folder with config.json, tokenizer.json and onnx/. */
  folder: string;
  /** Which ONNX file: model_<dtype>.onnx; `fp32` is model.onnx. Default q4. */
  dtype?: 'fp32' | 'fp16' | 'q8' | 'q4';
  /** Threads of a run. Default 1: short texts gain nothing from more. */
  threads?: number;
}

/** Longer texts are cut: what all-MiniLM-L6-v2 was trained with. */
const MAX_TOKENS = 256;
const BATCH = 16;

/** Throws `not_found` and `corrupt`. */
export async function loadEmbedder(options: EmbedderOptions): Promise<Embedder> {
  const { folder, dtype = 'q4', threads = 1 } = options;
  if (!existsSync(join(folder, 'config.json')) || !existsSync(join(folder, 'onnx'))) {
    throw new EngramError('not_found', `There is no embedding model in ${folder}.`, {
      hint: 'Fetch it with `engram models pull all-minilm-l6-v2`.',
    });
  }
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const name = basename(folder);
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(name, { local_files_only: true });
    const model = await AutoModel.from_pretrained(name, {
      local_files_only: true,
      dtype,
      session_options: {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // Threads that wait by spinning would take the cores from training and generation.
        extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
      },
    });
    return new TransformersEmbedder(`${name}/${dtype}`, tokenizer, model);
  } catch (error) {
    throw new EngramError('corrupt', `The embedding model in ${folder} cannot be loaded.`, {
      hint: 'Fetch it again: `engram models rm` and `engram models pull`.',
      cause: error,
    });
  }
}

class TransformersEmbedder implements Embedder {
  constructor(
    readonly id: string,
    private readonly tokenizer: PreTrainedTokenizer,
    private readonly model: PreTrainedModel,
  ) {}

  get dimensions(): number {
    return (this.model.config as unknown as { hidden_size: number }).hidden_size;
  }

  async embed(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array[]> {
    const lengths = texts.map((text) => Math.min(MAX_TOKENS, this.tokenizer.encode(text).length));
    // Texts of one length together: a batch without padding gives each text the vector it has alone.
    const order = texts.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]!);
    const out = new Array<Float32Array>(texts.length);
    for (let at = 0; at < order.length;) {
      throwIfCancelled(options.signal);
      const length = lengths[order[at]!]!;
      let end = at + 1;
      while (end < order.length && end - at < BATCH && lengths[order[end]!] === length) end++;
      const batch = order.slice(at, end);
      const vectors = await this.#run(batch.map((i) => texts[i]!));
      batch.forEach((i, row) => {
        out[i] = vectors[row]!;
      });
      at = end;
    }
    return out;
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }

  /** Mean of the last hidden states over a text's tokens, scaled to length 1, as the model card says. */
  async #run(texts: string[]): Promise<Float32Array[]> {
    const inputs = this.tokenizer(texts, { padding: true, truncation: true, max_length: MAX_TOKENS }) as {
      attention_mask: Tensor;
    };
    const output = (await this.model(inputs)) as { last_hidden_state: Tensor };
    const [, tokens = 0, size = 0] = output.last_hidden_state.dims;
    const hidden = output.last_hidden_state.data as Float32Array;
    const mask = inputs.attention_mask.data as BigInt64Array;
    return texts.map((_, text) => {
      const mean = new Float32Array(size);
      for (let t = 0; t < tokens; t++) {
        if (mask[text * tokens + t] === 0n) continue;
        const row = (text * tokens + t) * size;
        for (let d = 0; d < size; d++) mean[d]! += hidden[row + d]!;
      }
      const norm = Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0));
      return norm === 0 ? mean : mean.map((x) => x / norm);
    });
  }
}
