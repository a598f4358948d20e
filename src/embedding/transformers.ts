// Embedder over transformers.js and onnxruntime: a sentence model from a local folder in transformers.js' own layout. Nothing
// is fetched here (models/ does), and nothing is padded (batches.ts says why).
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type * as Transformers from '@huggingface/transformers';
import type { PreTrainedModel, PreTrainedTokenizer, Tensor } from '@huggingface/transformers';
import { EngramError, throwIfCancelled } from '../errors.js';
import { batchesOfEqualLength } from './batches.js';
import { meanOfTokens } from './pooling.js';
import type { Embedder } from './types.js';

export interface EmbedderOptions {
  /** Folder with config.json, tokenizer.json, tokenizer_config.json and onnx/. */
  folder: string;
  /** Which ONNX file: model_<dtype>.onnx; `fp32` is model.onnx, `q8` model_quantized.onnx. Default q4. */
  dtype?: Dtype;
  /** Threads of a run. Default 1: a short question gains nothing from more. */
  threads?: number;
}

type Dtype = 'fp32' | 'fp16' | 'q8' | 'q4';
type Library = typeof Transformers;

const SUFFIXES: Readonly<Record<Dtype, string>> = { fp32: '', fp16: '_fp16', q8: '_quantized', q4: '_q4' };

/** Tokens of a text that are read, [CLS] and [SEP] among them; the rest of it is cut off. all-MiniLM-L6-v2 was made for
 * as many; passages (retrieval/) are shorter. */
const MAX_TOKENS = 256;
/** Characters of a text that are looked at: with more, that many tokens would have to be longer than any word is. */
const MAX_CHARACTERS = 64 * MAX_TOKENS;

/** Loads a sentence model. Throws `not_found`, `corrupt`, `native`. */
export async function loadEmbedder(options: EmbedderOptions): Promise<Embedder> {
  const { dtype = 'q4', threads = 1 } = options;
  const folder = resolve(options.folder);
  requireFiles(folder, dtype);
  const library = await loadLibrary();
  try {
    const tokenizer = await library.AutoTokenizer.from_pretrained(folder, { local_files_only: true });
    const model = await library.AutoModel.from_pretrained(folder, {
      local_files_only: true,
      dtype,
      session_options: {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
        // Threads that wait by spinning would take the cores from training and generation.
        extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
      },
    });
    return new TransformersEmbedder(`${basename(folder)}/${dtype}`, library, tokenizer, model);
  } catch (error) {
    throw broken(folder, error);
  }
}

/** The library must not find out itself that a file is missing: for one with weights it never settles, and ends the process
 * with an unhandled rejection. */
function requireFiles(folder: string, dtype: Dtype): void {
  const graph = `model${SUFFIXES[dtype]}.onnx`;
  const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json', `onnx/${graph}`];
  const isMissing = (file: string): boolean => !existsSync(join(folder, file));
  const missing = needed.filter(isMissing);
  if (missing.length === 0) missing.push(...weightFiles(folder, graph).filter(isMissing));
  if (missing.length === 0) return;
  throw new EngramError('not_found', `There is no embedding model in ${folder}: ${missing.join(', ')} missing.`, {
    hint: 'Fetch it with `engram models pull all-minilm-l6-v2`.',
    details: { folder, missing },
  });
}

/** Files of weights beside a graph, as its configuration counts them: model.onnx_data, model.onnx_data_1 … */
function weightFiles(folder: string, graph: string): string[] {
  let counts: unknown;
  try {
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown> | null;
    counts = (config?.['transformers.js_config'] as Record<string, unknown> | undefined)?.['use_external_data_format'];
  } catch (error) {
    throw broken(folder, error);
  }
  const given =
    typeof counts === 'object' && counts !== null
      ? ((counts as Record<string, unknown>)[graph] ?? (counts as Record<string, unknown>)['model'])
      : counts;
  const count = given === true ? 1 : typeof given === 'number' && given > 0 && given < 1000 ? given : 0;
  return Array.from({ length: count }, (_, i) => `onnx/${graph}_data${i === 0 ? '' : `_${i}`}`);
}

function broken(folder: string, cause: unknown): EngramError {
  return new EngramError('corrupt', `The embedding model in ${folder} cannot be loaded.`, {
    hint: 'Fetch it again: `engram models rm` and `engram models pull`.',
    cause,
  });
}

/** The library takes long to load, so that happens only when the first model is. */
async function loadLibrary(): Promise<Library> {
  try {
    const library = await import('@huggingface/transformers');
    const { env } = library;
    env.allowRemoteModels = false;
    env.useFSCache = false;
    env.logLevel = library.LogLevel.ERROR;
    return library;
  } catch (error) {
    throw new EngramError('native', 'onnxruntime, which computes embeddings, cannot be loaded on this machine.', {
      hint: 'Install the dependencies again (`npm ci`).',
      cause: error,
    });
  }
}

class TransformersEmbedder implements Embedder {
  readonly dimensions: number;
  /** Runs that have not ended yet. */
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(
    readonly id: string,
    private readonly library: Library,
    private readonly tokenizer: PreTrainedTokenizer,
    private readonly model: PreTrainedModel,
  ) {
    this.dimensions = (model.config as unknown as { hidden_size: number }).hidden_size;
  }

  async embed(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array[]> {
    const ids = texts.map((text) => this.#encode(text));
    const vectors = new Array<Float32Array>(texts.length);
    for (const batch of batchesOfEqualLength(ids.map(({ length }) => length))) {
      throwIfCancelled(options.signal);
      if (this.#closed !== undefined) throw new EngramError('usage', 'This embedding model has been closed.');
      const run = this.#run(batch.map((i) => ids[i]!));
      this.#running.add(run);
      try {
        const results = await run;
        batch.forEach((i, row) => (vectors[i] = results[row]!));
      } finally {
        this.#running.delete(run);
      }
    }
    throwIfCancelled(options.signal);
    return vectors;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.allSettled(this.#running);
      await this.model.dispose();
    })();
    return this.#closed;
  }

  #encode(text: string): number[] {
    const ids = this.tokenizer.encode(text.slice(0, MAX_CHARACTERS));
    if (ids.length <= MAX_TOKENS) return ids;
    return [...ids.slice(0, MAX_TOKENS - 1), ids.at(-1)!]; // still ends with [SEP]
  }

  /** Texts of one length, as token ids. */
  async #run(texts: readonly number[][]): Promise<Float32Array[]> {
    const { Tensor } = this.library;
    const tokens = texts[0]!.length;
    const shape = [texts.length, tokens];
    const tensor = (value: (i: number) => number): Tensor =>
      new Tensor(
        'int64',
        BigInt64Array.from({ length: texts.length * tokens }, (_, i) => BigInt(value(i))),
        shape,
      );
    const inputs = {
      input_ids: tensor((i) => texts[Math.floor(i / tokens)]![i % tokens]!),
      attention_mask: tensor(() => 1),
      token_type_ids: tensor(() => 0),
    };
    const { last_hidden_state: hidden } = (await this.model(inputs)) as { last_hidden_state: Tensor };
    const data = hidden.data as Float32Array;
    const size = this.dimensions;
    const vectors = texts.map((_, row) =>
      meanOfTokens(data.subarray(row * tokens * size, (row + 1) * tokens * size), size),
    );
    for (const used of [...Object.values(inputs), hidden]) used.dispose();
    if (vectors.some((vector) => !vector.every(Number.isFinite))) {
      throw new EngramError('corrupt', `The embedding model ${this.id} computes values that are no numbers.`, {
        hint: 'Its weights are broken. Fetch it again: `engram models rm` and `engram models pull`.',
      });
    }
    return vectors;
  }
}
