// Loads a GGUF to generate with. What is wrong with a file is found out from its header first, since llama.cpp's own refusal
// says little and a context too large would be killed by the system rather than refused.
import { availableParallelism } from 'node:os';
import type { Llama, LlamaModel } from 'node-llama-cpp';
import { EngramError, throwIfCancelled } from '../errors.js';
import { inspectLanguageModel, memoryNeeds, requireMemory, type ModelInfo } from '../models/index.js';
import { LlamaGenerator } from './llama.js';
import { loadRuntime, recentComplaints } from './runtime.js';
import { Slots } from './slots.js';
import type { Generator, LoadOptions } from './types.js';

/** Most tokens of context unless more is asked for: enough for a long talk, little enough for a small machine. */
const DEFAULT_CONTEXT = 4096;

/** Loads a model. Throws `not_found`, `corrupt`, `unsupported`, `memory`, `native`, `usage`, `cancelled`. */
export async function loadGenerator(modelPath: string, options: LoadOptions = {}): Promise<Generator> {
  const { signal } = options;
  throwIfCancelled(signal);
  const wanted = whole('contextSize', options.contextSize);
  const threads = whole('threads', options.threads);
  const info = inspectLanguageModel(modelPath);
  const contextSize = Math.min(wanted ?? DEFAULT_CONTEXT, Math.max(info.contextLength, 1));
  const llama = await loadRuntime(options.gpu ?? 'auto', options.verbose);
  throwIfCancelled(signal);
  if (llama.gpu === false) {
    const what = `${info.name} with a context of ${contextSize} tokens`;
    requireMemory(memoryNeeds(info, { contextSize }).chat, what);
  }

  let model: LlamaModel | undefined;
  try {
    model = await loadModel(llama, info, options);
    const slots = await Slots.open(model, { contextSize, threads: threads ?? defaultThreads(llama) });
    throwIfCancelled(signal);
    return new LlamaGenerator(modelPath, contextSize, model, slots);
  } catch (error) {
    await model?.dispose();
    throwIfCancelled(signal);
    throw error;
  }
}

async function loadModel(llama: Llama, info: ModelInfo, options: LoadOptions): Promise<LlamaModel> {
  await recentComplaints(); // of others
  try {
    return await llama.loadModel({
      modelPath: info.path,
      ...(options.onProgress ? { onLoadProgress: options.onProgress } : {}),
      ...(options.signal ? { loadSignal: options.signal } : {}),
    });
  } catch (error) {
    throwIfCancelled(options.signal);
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

/**
 * node-llama-cpp hands every token to JavaScript, whose thread then fights the spinning ggml threads for the cores: on two
 * cores one thread generates faster (76-83 tokens/s) than two (47-50), and far faster beside another busy process. So one
 * core is left to JavaScript.
 */
function defaultThreads(llama: Llama): number {
  return Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()) - 1);
}

function whole(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw new EngramError('usage', `Expected a whole number above 0 for ${name} but received ${value}.`);
}
