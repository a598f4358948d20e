// Loads a GGUF to generate with. What is wrong with a file is found out from its header first, since llama.cpp's own refusal
// says little and a context too large would be killed by the system rather than refused.
import { availableParallelism } from 'node:os';
import type { Llama } from 'node-llama-cpp';
import { EngramError, throwIfCancelled } from '../errors.js';
import { sha256File } from '../files.js';
import { inspectLanguageModel, memoryNeeds, readGgufHeader, requireMemory, type ModelInfo } from '../models/index.js';
import { Adapters } from './adapters.js';
import { modelState as stateOf } from './file-state.js';
import { IdleGenerator } from './idle.js';
import { LlamaGenerator } from './llama.js';
import { loadAddon, type NativeLanguageModel } from './native.js';
import { loadRuntime, recentComplaints, type Runtime } from './runtime.js';
import { Slots } from './slots.js';
import type { Generator, LoadOptions, OwnWeights } from './types.js';
import { ModelVocabulary } from './vocabulary.js';

/** Most tokens of context unless more is asked for: enough for a long talk, little enough for a small machine. */
const DEFAULT_CONTEXT = 4096;

/** Tokens of a prompt that are computed at once (native/generate/context.hpp says why in fixed places). On a CPU 64 are
 * nearly as fast as 512, and what is computed anew for a next question is on average half of it. Where our own kernels compute
 * that costs little, and every block looks at all before it. */
const BLOCK = { cpu: 64, gpu: 512, own: 128 };

/** Number format of keys and values, llama.cpp's default. */
const CACHE_TYPE = 'f16';
/** A model with this tensor (LongRoPE) turns positions otherwise in a long context than in a short one. */
const LONG_ROPE = 'rope_factors_long.weight';
/** Seconds that a timer can wait. */
const MOST_IDLE = 1_000_000;

/** By llama.cpp's number in a GGUF. */
const POOLING: Readonly<Record<number, 'mean' | 'first' | 'last'>> = { 1: 'mean', 2: 'first', 3: 'last' };

/** Loads a model. Throws `not_found`, `corrupt`, `unsupported`, `memory`, `native`, `usage`, `cancelled`. */
export async function loadGenerator(modelPath: string, options: LoadOptions = {}): Promise<Generator> {
  const { idleUnload, ...always } = options;
  if (idleUnload === undefined) return load(modelPath, options);
  if (!(idleUnload > 0 && idleUnload <= MOST_IDLE)) {
    throw new EngramError('usage', `Expected seconds up to ${MOST_IDLE} for idleUnload but received ${idleUnload}.`);
  }
  const generator = await load(modelPath, always);
  const again: LoadOptions = { ...always };
  delete again.signal; // it and the progress belong to the first time
  delete again.onProgress;
  try {
    const { library } = await loadRuntime(options.gpu ?? 'auto', options.verbose);
    const light = { gpuLayers: 0, onlyVocabulary: true };
    const vocabularyModel = await loadAddon().loadLanguageModel(modelPath, library, light, () => true);
    const vocabulary = new ModelVocabulary(vocabularyModel, readGgufHeader(modelPath), options.chatTemplate);
    const idleMs = idleUnload * 1000;
    return new IdleGenerator({ generator, load: () => load(modelPath, again), vocabulary, vocabularyModel, idleMs });
  } catch (error) {
    await generator.close();
    throw error;
  }
}

async function load(modelPath: string, options: LoadOptions): Promise<Generator> {
  const { signal } = options;
  throwIfCancelled(signal);
  const wanted = whole('contextSize', options.contextSize);
  const threads = whole('threads', options.threads);
  const parallel = whole('parallel', options.parallel) ?? 1;
  const info = inspectLanguageModel(modelPath);
  const modelState = await stateOf(info.path);
  const contextSize = Math.min(wanted ?? DEFAULT_CONTEXT, Math.max(info.contextLength, 1));
  const runtime = await loadRuntime(options.gpu ?? 'auto', options.verbose);
  const { llama } = runtime;
  throwIfCancelled(signal);
  const needs = memoryNeeds(info, { contextSize: contextSize * parallel });
  if (llama.gpu === false) {
    const many = parallel > 1 ? `${parallel} contexts of ${contextSize} tokens` : `a context of ${contextSize} tokens`;
    const own = needs.parts.sharesPacked && options.ownWeights === undefined ? needs.parts.packed : 0;
    requireMemory(needs.chat - own, `${info.name} with ${many}`);
  }

  const model = await loadModel(runtime, info, options);
  let weights: OwnWeights | undefined;
  try {
    weights = llama.gpu === false ? await options.ownWeights?.(signal) : undefined;
    const header = readGgufHeader(info.path);
    const vocabulary = new ModelVocabulary(model, header, options.chatTemplate); // before any context, which would keep the weights if it throws
    const blocks = llama.gpu === false ? BLOCK.cpu : BLOCK.gpu;
    const block = Math.min(weights === undefined ? blocks : BLOCK.own, contextSize);
    const computing = threads ?? defaultThreads(llama);
    const slots = await Slots.open(model, new Adapters(model), {
      contextSize,
      lanes: parallel,
      block,
      threads: computing,
      weights: weights?.native,
      bytes: needs.parts.cache + needs.parts.program,
    });
    const generator = new LlamaGenerator({
      modelPath,
      contextSize,
      parallel,
      model,
      vocabulary,
      slots,
      weights,
      states: {
        modelState,
        modelSha256: options.modelSha256 ?? (() => sha256File(info.path)),
        libraries: runtime.libraries,
        cacheType: CACHE_TYPE,
        kernels: weights === undefined || slots.computes === 'llama' ? null : `${weights.name} ${slots.computes}`,
        block,
        contextMatters: header.tensors.some(({ name }) => name === LONG_ROPE),
        isRecurrent: model.info.isRecurrent,
      },
      threads: computing,
      embedding: {
        pooling: POOLING[Number(header.metadata.get(`${info.architecture}.pooling_type`))] ?? 'mean',
        addsEnd: header.metadata.get('tokenizer.ggml.add_eos_token') === true,
      },
    });
    if (signal?.aborted) await generator.close();
    throwIfCancelled(signal);
    return generator;
  } catch (error) {
    weights?.close();
    model.close();
    throw error;
  }
}

async function loadModel(runtime: Runtime, info: ModelInfo, options: LoadOptions): Promise<NativeLanguageModel> {
  const { signal, onProgress, gpuLayers = -1 } = options;
  await recentComplaints(); // of others
  try {
    return await loadAddon().loadLanguageModel(
      info.path,
      runtime.library,
      { gpuLayers, onlyVocabulary: false },
      (share) => {
        onProgress?.(share);
        return signal?.aborted !== true;
      },
    );
  } catch (error) {
    throwIfCancelled(signal);
    if (error instanceof EngramError) throw error;
    const log = await recentComplaints();
    const said = [error instanceof Error ? error.message : String(error), ...log].join('\n');
    const more = { cause: error, details: { path: info.path, log } };
    if (/insufficient|not enough|out of memory|unable to allocate|failed to allocate/i.test(said)) {
      throw new EngramError('memory', `${info.name} (${info.bytes} bytes) does not fit into memory.`, {
        hint: 'Use a smaller model, or one with a smaller quantisation.',
        ...more,
      });
    }
    if (/unknown (model )?(architecture|pre-tokenizer)|unsupported|unknown tokenizer/i.test(said)) {
      throw new EngramError('unsupported', `llama.cpp cannot run this model (${info.architecture}): ${info.path}.`, {
        hint: 'Its architecture or tokenizer may be newer than the llama.cpp that engram brings.',
        ...more,
      });
    }
    throw new EngramError('corrupt', `llama.cpp cannot read the model ${info.path}.`, {
      hint: 'Fetch it again.',
      ...more,
    });
  }
}

function defaultThreads(llama: Llama): number {
  return Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()));
}

function whole(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw new EngramError('usage', `Expected a whole number above 0 for ${name} but received ${value}.`);
}
