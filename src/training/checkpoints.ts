// The checkpoints of a run, each a folder that appears whole or not at all:
//   step-00000120/ adapter.gguf (llama.cpp loads it as it is), optimizer.gguf, checkpoint.json (where the run stands,
//   of which options, data and model, and the hashes of the other two).
// Kept are the last few and the best that any of them knows. Not here: when one is written (run.ts).
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { makeFolder, sha256File, syncFolder, temporaryName, writeFileAtomic } from '../files.js';
import type { RunState } from './run-state.js';
import type { Trainer } from './types.js';

const ADAPTER = 'adapter.gguf';
const OPTIMIZER = 'optimizer.gguf';
const ABOUT = 'checkpoint.json';

interface About {
  format: 1;
  /** Of the options, the data and the model. */
  fingerprint: string;
  /** What computed it. Absent in those of earlier versions. */
  kernels?: string | undefined;
  state: RunState;
  sha256: Record<typeof ADAPTER | typeof OPTIMIZER, string>;
}

export interface Checkpoint {
  name: string;
  /** Its folder. */
  path: string;
  state: RunState;
  /** What computed it, where that was written down. */
  kernels: string | undefined;
}

export class Checkpoints {
  readonly folder: string;
  readonly #fingerprint: string;
  readonly #keep: number;
  readonly #kernels: string | undefined;

  /** `fingerprint` tells checkpoints of other options, data or another model apart; `keep` is how many of the last stay; `kernels`
   * are those that compute now. */
  constructor(folder: string, fingerprint: string, keep: number, kernels?: string) {
    this.folder = folder;
    this.#fingerprint = fingerprint;
    this.#keep = keep;
    this.#kernels = kernels;
  }

  /** Writes one and deletes those that are no longer wanted. `stateOf` gets its name, which a best one refers to. Throws
   * `disk`, `cancelled`. */
  async write(trainer: Trainer, stateOf: (name: string) => RunState): Promise<Checkpoint> {
    await makeFolder(this.folder);
    const state = stateOf('');
    const name = freeName(state.step, await this.#names());
    const path = join(this.folder, name);
    const fresh = temporaryName(path);
    try {
      await makeFolder(fresh);
      await trainer.save(join(fresh, ADAPTER));
      await trainer.saveState(join(fresh, OPTIMIZER));
      const about: About = {
        format: 1,
        fingerprint: this.#fingerprint,
        kernels: this.#kernels,
        state: stateOf(name),
        sha256: {
          [ADAPTER]: await sha256File(join(fresh, ADAPTER)),
          [OPTIMIZER]: await sha256File(join(fresh, OPTIMIZER)),
        },
      };
      await writeFileAtomic(join(fresh, ABOUT), `${JSON.stringify(about, undefined, 2)}\n`);
      await rename(fresh, path);
      await syncFolder(this.folder);
      await this.#prune();
      return { name, path, state: about.state, kernels: about.kernels };
    } catch (error) {
      await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
      throw fromSystemError(error, path);
    }
  }

  /** The last one that is sound; undefined if there is none. Throws `mismatch` if it is of other options, data or model,
   * `unsupported` if a later engram wrote it. */
  async latest(): Promise<Checkpoint | undefined> {
    for (const name of (await this.#names()).reverse()) {
      const about = await this.#read(name);
      if (about === undefined || !(await this.#isWhole(name, about))) continue;
      if (about.fingerprint !== this.#fingerprint) {
        throw new EngramError('mismatch', `The checkpoint ${name} belongs to other options, data or another model.`, {
          hint: 'Start a new run.',
        });
      }
      return { name, path: join(this.folder, name), state: about.state, kernels: about.kernels };
    }
    return undefined;
  }

  /** Gives a trainer the adapter and the optimizer of a checkpoint. */
  async load(trainer: Trainer, name: string): Promise<void> {
    await this.loadAdapter(trainer, name);
    await trainer.loadState(join(this.folder, name, OPTIMIZER));
  }

  /** The adapter alone: the optimizer starts afresh. */
  async loadAdapter(trainer: Trainer, name: string): Promise<void> {
    await trainer.load(this.adapterPath(name));
  }

  adapterPath(name: string): string {
    return join(this.folder, name, ADAPTER);
  }

  /** Deletes those of this step and later ones, but for the one named. */
  async dropFrom(step: number, except: string | null): Promise<void> {
    for (const name of await this.#names()) if (stepOf(name) >= step && name !== except) await this.#remove(name);
  }

  /** Deletes all: nothing goes on from here any more. */
  async drop(): Promise<void> {
    try {
      const gone = temporaryName(this.folder);
      await rename(this.folder, gone);
      await rm(gone, { recursive: true, force: true });
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw fromSystemError(error, this.folder);
    }
  }

  /** Deletes what a crash left half written. */
  async clean(): Promise<void> {
    for (const name of await entries(this.folder)) if (/^\.step-.*\.tmp$/.test(name)) await this.#remove(name);
  }

  async #prune(): Promise<void> {
    const names = await this.#names();
    const last = names.slice(-this.#keep);
    const bests = await Promise.all(last.map(async (name) => (await this.#read(name))?.state.best?.checkpoint));
    for (const name of names) if (!last.includes(name) && !bests.includes(name)) await this.#remove(name);
  }

  async #remove(name: string): Promise<void> {
    try {
      // A half-deleted one is never seen under its name.
      const gone = name.startsWith('.') ? join(this.folder, name) : temporaryName(join(this.folder, name));
      if (!name.startsWith('.')) await rename(join(this.folder, name), gone);
      await rm(gone, { recursive: true, force: true });
    } catch (error) {
      throw fromSystemError(error, join(this.folder, name));
    }
  }

  /** Undefined for one that is damaged: an older one is then gone on from. */
  async #read(name: string): Promise<About | undefined> {
    const path = join(this.folder, name);
    let about: Partial<About>;
    try {
      about = JSON.parse(await readFile(join(path, ABOUT), 'utf8')) as Partial<About>;
    } catch {
      return undefined;
    }
    if (about.format !== 1) {
      throw new EngramError('unsupported', `${path} has a format that this engram does not know.`, {
        hint: 'It was written by a later version.',
      });
    }
    return about.sha256 === undefined || typeof about.state?.step !== 'number' ? undefined : (about as About);
  }

  async #isWhole(name: string, { sha256 }: About): Promise<boolean> {
    for (const file of [ADAPTER, OPTIMIZER] as const) {
      const found = await sha256File(join(this.folder, name, file)).catch(() => undefined);
      if (found !== sha256[file]) return false;
    }
    return true;
  }

  /** By step, oldest first. */
  async #names(): Promise<string[]> {
    const names = (await entries(this.folder)).filter((name) => /^step-\d+(\.\d+)?$/.test(name));
    return names.sort((a, b) => stepOf(a) - stepOf(b) || countOf(a) - countOf(b));
  }
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw fromSystemError(error, folder);
  }
}

/** A step may have a second one: cancelled where it had only just been gone on from. */
function freeName(step: number, taken: readonly string[]): string {
  const name = `step-${String(step).padStart(8, '0')}`;
  const counts = taken.filter((other) => stepOf(other) === step).map(countOf);
  return counts.length === 0 ? name : `${name}.${Math.max(...counts) + 1}`;
}

function stepOf(name: string): number {
  return Number(/^step-(\d+)/.exec(name)?.[1]);
}

function countOf(name: string): number {
  return Number(/\.(\d+)$/.exec(name)?.[1] ?? 1);
}
