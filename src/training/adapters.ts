// The adapters that `train` made, each a folder <home>/adapters/<name>/ with adapter.gguf and manifest.json. A folder
// appears, is replaced and goes as a whole. Not here: the adapters of memories, which belong to a brain (memory/).
import { constants } from 'node:fs';
import { copyFile, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkName, suggest } from '../config.js';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { makeFolder, replaceFile, syncFolder, temporaryName, withLock, writeFileAtomic } from '../files.js';
import { readAdapterFile } from './adapter-gguf.js';
import {
  fuseAdapters,
  mergeAdapters,
  shrinkAdapter,
  type FuseOptions,
  type FuseResult,
  type Ingredient,
  type MergeOptions,
  type MergeResult,
} from './combine.js';
import { readForeignAdapter, type ImportedAdapter, type ImportOptions } from './import.js';
import { parseManifest, type AdapterManifest, type StoredAdapter } from './manifest.js';
import { toPeft } from './peft.js';

const WEIGHTS = 'adapter.gguf';
const MANIFEST = 'manifest.json';

/** A folder that should be an adapter and is not. */
export interface BrokenAdapter {
  name: string;
  problem: string;
}

export interface SaveOptions {
  /** Takes the place of an adapter of this name. Default false: that throws `exists`. */
  replace?: boolean;
  signal?: AbortSignal | undefined;
}

export class AdapterStore {
  readonly #home: string;
  readonly #folder: string;

  constructor(home: string) {
    this.#home = home;
    this.#folder = join(home, 'adapters');
  }

  /** All of them by name; those that cannot be read apart. */
  async list(): Promise<{ adapters: StoredAdapter[]; broken: BrokenAdapter[] }> {
    const adapters: StoredAdapter[] = [];
    const broken: BrokenAdapter[] = [];
    for (const name of await this.#names()) {
      try {
        adapters.push(await this.find(name));
      } catch (error) {
        if (error instanceof EngramError && error.code === 'not_found') continue; // removed meanwhile
        broken.push({ name, problem: error instanceof Error ? error.message : String(error) });
      }
    }
    return { adapters, broken };
  }

  /** The adapter of a name. Throws `not_found` (with a guess at what was meant), `corrupt`. */
  async find(name: string): Promise<StoredAdapter> {
    const sound = checkName(name, 'the adapter');
    for (const folder of [this.#place(sound), this.#aside(sound)]) {
      const found = await readFolder(sound, folder);
      if (found !== undefined) return found;
    }
    const guess = suggest(sound, await this.#names());
    throw new EngramError('not_found', `There is no adapter "${sound}".`, {
      hint: guess === undefined ? 'See `engram adapters list`.' : `Did you mean "${guess}"?`,
    });
  }

  /** Throws `exists` if the name is taken: to be asked before a long training. What `run` stored before it was killed may be
   * stored by it again, unless it was taught further since. */
  async requireFree(name: string, run?: string): Promise<void> {
    const sound = checkName(name, 'the adapter');
    if (!(await this.#names()).includes(sound)) return;
    if (run !== undefined) {
      const manifest = (await this.find(sound).catch(() => undefined))?.manifest;
      if (manifest?.run === run && manifest.fineTune === undefined) return;
    }
    throw new EngramError('exists', `There is an adapter "${sound}" already.`, {
      hint: `Choose another name, or remove it first: engram adapters rm ${sound}`,
    });
  }

  /** Stores an adapter: `write` gets the path to write the GGUF to, in a folder that may get other files too. Throws `exists`, `locked`, `disk`. */
  async save(
    name: string,
    manifest: Omit<AdapterManifest, 'format' | 'name' | 'createdAt'> & Partial<AdapterManifest>,
    write: (path: string) => Promise<void>,
    options: SaveOptions = {},
  ): Promise<StoredAdapter> {
    const sound = checkName(name, 'the adapter');
    await this.#alone(sound, options.signal, async () => {
      if (options.replace !== true) await this.requireFree(sound, manifest.run);
      const fresh = temporaryName(this.#place(sound));
      try {
        await makeFolder(fresh);
        await write(join(fresh, WEIGHTS));
        const whole: AdapterManifest = { createdAt: new Date().toISOString(), ...manifest, format: 1, name: sound };
        await writeFileAtomic(join(fresh, MANIFEST), `${JSON.stringify(whole, undefined, 2)}\n`);
        await this.#swapIn(sound, fresh);
      } catch (error) {
        await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
        throw fromSystemError(error, this.#place(sound));
      }
    });
    return this.find(sound);
  }

  /** Runs `action` while nobody else, in this process or another, trains this adapter further; waits for those who do. The
   * signal given to it ends when the lock is lost, or with `signal`. Throws `cancelled`, `disk`. */
  whileTraining<T>(
    name: string,
    signal: AbortSignal | undefined,
    action: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const sound = checkName(name, 'the adapter');
    const lock = join(this.#folder, `.${sound}.training`);
    return withLock(lock, { doing: `training the adapter "${sound}"`, waitMs: Infinity, signal }, action);
  }

  /** Throws `not_found`, `locked`, `disk`. */
  async remove(name: string): Promise<void> {
    const sound = checkName(name, 'the adapter');
    await this.#alone(sound, undefined, async () => {
      // A broken one can be removed too, so its files are not read.
      if (!(await this.#names()).includes(sound)) await this.find(sound);
      try {
        // The rename makes it go at once; a half-deleted folder is never seen under its name.
        const gone = temporaryName(this.#place(sound));
        await rename(this.#place(sound), gone);
        await rm(gone, { recursive: true, force: true });
      } catch (error) {
        throw fromSystemError(error, this.#place(sound));
      }
    });
  }

  /** Writes the adapter into a folder of the user's, as one GGUF or in the form of PEFT, and returns the paths. Files of
   * the same names there are replaced. `baseModel` is what PEFT is to load; default: the name the model has here. */
  async export(
    name: string,
    format: 'gguf' | 'peft',
    outFolder: string,
    options: { baseModel?: string } = {},
  ): Promise<string[]> {
    const adapter = await this.find(name);
    if (format === 'gguf') {
      const path = join(outFolder, `${adapter.name}.gguf`);
      await copyWhole(adapter.path, path);
      return [path];
    }
    const { heads, keyValueHeads, name: baseName } = adapter.manifest.base;
    const baseModel = options.baseModel ?? baseName;
    const rankStabilized = adapter.manifest.kind === 'rslora';
    const files = toPeft(await readAdapterFile(adapter.path), { baseModel, heads, keyValueHeads, rankStabilized });
    const paths: string[] = [];
    for (const [file, data] of Object.entries(files) as [string, string | Uint8Array][]) {
      paths.push(join(outFolder, file));
      await writeFileAtomic(join(outFolder, file), data);
    }
    return paths;
  }

  /** An adapter made elsewhere, a PEFT folder or a GGUF, under a name of its own. See import.ts. */
  async import(path: string, { name, model, replace = false, signal }: ImportOptions): Promise<ImportedAdapter> {
    if (!replace) await this.requireFree(name);
    const { manifest, write, ...said } = await readForeignAdapter(this.#home, path, { model, signal });
    return { adapter: await this.save(name, manifest, write, { replace, signal }), ...said };
  }

  /** Several adapters of one model as one. See combine.ts. */
  merge(ingredients: readonly Ingredient[], options: MergeOptions): Promise<MergeResult> {
    return mergeAdapters(this, ingredients, options);
  }

  /** A smaller adapter that says nearly the same. See combine.ts. */
  shrink(name: string, options: MergeOptions): Promise<MergeResult> {
    return shrinkAdapter(this, name, options);
  }

  /** A new model with adapters built in. See combine.ts. */
  fuse(ingredients: readonly Ingredient[], options: FuseOptions): Promise<FuseResult> {
    return fuseAdapters(this, this.#home, ingredients, options);
  }

  #place(name: string): string {
    return join(this.#folder, name);
  }

  /** Where the old folder lies for the moment between two renames. No name starts with a dot, so it is no adapter's. */
  #aside(name: string): string {
    return join(this.#folder, `.${name}.old`);
  }

  async #names(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      const whole = folders.filter((folder) => !folder.startsWith('.'));
      const cutOff = folders.flatMap((folder) => /^\.(.+)\.old$/.exec(folder)?.[1] ?? []);
      return [...new Set([...whole, ...cutOff])].sort();
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw fromSystemError(error, this.#folder);
    }
  }

  /** One process at a time changes an adapter; each first puts right what a crash left behind. */
  async #alone(name: string, signal: AbortSignal | undefined, action: () => Promise<void>): Promise<void> {
    // The lock is a folder too; the dot keeps it from being taken for an adapter "<name>.lock".
    const lock = join(this.#folder, `.${name}`);
    await withLock(lock, { doing: `writing the adapter "${name}"`, signal }, async () => {
      await this.#recover(name);
      await action();
    });
  }

  async #recover(name: string): Promise<void> {
    const left: string[] = await readdir(this.#folder).catch(() => []);
    const aside = basename(this.#aside(name));
    if (left.includes(aside)) {
      if (left.includes(name)) await rm(this.#aside(name), { recursive: true, force: true });
      else await rename(this.#aside(name), this.#place(name));
    }
    for (const file of left) {
      const isOurs = file.startsWith(`.${name}.`) && /^\d+-\w+\.tmp$/.test(file.slice(name.length + 2));
      if (isOurs) await rm(join(this.#folder, file), { recursive: true, force: true });
    }
  }

  async #swapIn(name: string, fresh: string): Promise<void> {
    const isTaken = (await this.#names()).includes(name);
    if (isTaken) await rename(this.#place(name), this.#aside(name));
    await rename(fresh, this.#place(name));
    await syncFolder(this.#folder);
    if (isTaken) await rm(this.#aside(name), { recursive: true, force: true });
  }
}

/** Undefined if there is no such folder. */
async function readFolder(name: string, folder: string): Promise<StoredAdapter | undefined> {
  const path = join(folder, WEIGHTS);
  try {
    await stat(folder);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw fromSystemError(error, folder);
  }
  try {
    const [json, { size }] = await Promise.all([readFile(join(folder, MANIFEST), 'utf8'), stat(path)]);
    return { name, path, bytes: size, manifest: parseManifest(json, join(folder, MANIFEST)) };
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) {
      throw new EngramError('corrupt', `The adapter "${name}" lacks one of its files.`, { cause: error });
    }
    throw fromSystemError(error, folder);
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  const temporary = temporaryName(to);
  try {
    await makeFolder(join(to, '..'));
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    await replaceFile(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fromSystemError(error, to);
  }
}
