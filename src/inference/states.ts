// Saves what was computed of a conversation and puts it back: says what a state is bound to, and picks the lane. Not here: the
// file (state-file.ts), the cache itself (native/generate/context.hpp).
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { awaitNative } from '../addon.js';
import { EngramError } from '../errors.js';
import { sha256File } from '../files.js';
import type { AdapterSet } from './adapters.js';
import { modelState as stateOf } from './file-state.js';
import type { Slots } from './slots.js';
import { readStateFile, writeStateFile, type StateBinding } from './state-file.js';
import type { StateInfo } from './types.js';

export interface StatesOptions {
  slots: Slots;
  /** Runs an action while nothing else uses the contexts. */
  alone: <T>(action: () => Promise<T>) => Promise<T>;
  modelPath: string;
  /** Of the model's file when it was loaded. */
  modelState: string;
  modelSha256: () => Promise<string>;
  /** Files of llama.cpp that are loaded. */
  libraries: readonly string[];
  cacheType: string;
  /** What computes, or reads prompts, in llama.cpp's place; null: nothing. */
  kernels: string | null;
  block: number;
  lanes: number;
  contextSize: number;
  isRecurrent: boolean;
  /** Whether the size of the context changes what is computed. */
  contextMatters: boolean;
}

export class States {
  #model: Promise<string> | undefined;
  #build: Promise<string> | undefined;

  constructor(private readonly options: StatesOptions) {}

  /** `prompt`: of the conversation that is to be saved, if it is given. */
  async save(path: string, set: AdapterSet, prompt?: readonly number[], signal?: AbortSignal): Promise<StateInfo> {
    const { slots, alone, isRecurrent } = this.options;
    if (isRecurrent) {
      throw new EngramError(
        'unsupported',
        'The state of a recurrent model cannot be saved: no part of it can be used again.',
      );
    }
    const binding = await this.#bind(set, signal);
    const saved = await alone(async () => {
      const held = slots.latest(set);
      return held && (await awaitNative(() => held.engine.save(held.lane)));
    });
    if (saved === undefined || saved.tokens.length === 0 || !isMostly(prompt, saved.tokens)) {
      throw new EngramError('empty', 'Nothing is computed of this conversation that could be saved.', {
        hint: `It must be the last that was answered with these adapters, and longer than ${binding.block} tokens.`,
      });
    }
    return { tokens: saved.tokens.length, bytes: await writeStateFile(path, saved, binding, signal) };
  }

  async restore(path: string, set: AdapterSet, signal?: AbortSignal): Promise<StateInfo> {
    const { slots, alone, contextSize } = this.options;
    const saved = await readStateFile(path, await this.#bind(set, signal), contextSize, signal);
    const { tokens, prefix, state, bytes } = saved;
    await alone(async () => {
      const { engine, lane } = await slots.spare(set);
      await awaitNative(() => engine.restore(lane, tokens, prefix, state));
    });
    return { tokens: tokens.length, bytes };
  }

  async #bind({ members }: AdapterSet, signal: AbortSignal | undefined): Promise<StateBinding> {
    const { libraries, cacheType, kernels, lanes, block, contextSize, contextMatters } = this.options;
    this.#build ??= buildOf(libraries);
    const adapters = [];
    for (const { path, scale } of members) adapters.push({ sha256: await sha256File(path, { signal }), scale });
    return {
      model: await this.#modelSha256(),
      adapters,
      build: await this.#build,
      cacheType,
      kernels,
      lanes,
      block,
      context: contextMatters ? contextSize : null,
    };
  }

  #modelSha256(): Promise<string> {
    this.#model ??= (async () => {
      const { modelPath, modelState, modelSha256 } = this.options;
      // A model goes on working when its file is gone (the system keeps it as long as it is mapped), but its name may by now
      // be another's.
      const now = await stateOf(modelPath).catch(() => undefined);
      if (now !== modelState) {
        const what = now === undefined ? 'removed' : 'replaced';
        throw new EngramError('not_found', `The model's file was ${what} while it was loaded: ${modelPath}.`, {
          hint: 'Chat goes on, but states can be neither saved nor restored until the model is loaded again.',
          details: { path: modelPath },
        });
      }
      return modelSha256();
    })();
    this.#model.catch(() => (this.#model = undefined));
    return this.#model;
  }
}

/** Whether most of what was computed begins a prompt. Its last question may have had passages of documents before it. */
function isMostly(prompt: readonly number[] | undefined, tokens: Uint32Array): boolean {
  const differs = tokens.findIndex((token, i) => token !== prompt?.[i]);
  return prompt === undefined || differs < 0 || differs > tokens.length / 2;
}

/** Hash of the names and contents of libraries. */
async function buildOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [...paths].sort()) hash.update(`${basename(path)} ${await sha256File(path)}\n`);
  const folder = basename(dirname(paths[0] ?? ''));
  return `${folder} ${hash.digest('hex').slice(0, 32)}`;
}
