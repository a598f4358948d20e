// A brain out of one file: every entry is written under a name that the manifest gives and brains have, and checked by size and
// hash, in a folder aside that becomes the brain when all is whole. Not here: writing it (archive-write.ts).
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { list, type ReadEntry } from 'tar';
import { checkName } from '../config.js';
import { EngramError, fromSystemError, isSystemError, throwIfCancelled } from '../errors.js';
import { makeFolder, requireSpace, syncFolder } from '../files.js';
import {
  damaged,
  MANIFEST,
  MOST_MANIFEST_BYTES,
  parseManifest,
  type ArchiveFile,
  type ArchiveManifest,
} from './archive-manifest.js';
import type { ImportOptions, ImportReport } from './archive-options.js';
import { importShared } from './archive-share.js';
import { Brain } from './brain.js';
import { Ledger } from './ledger.js';

/** Throws `not_found`, `corrupt`, `unsupported` (of a newer engram), `mismatch` (another model), `exists`, `usage`, `disk`,
 * `cancelled`; then there is no new brain. */
export async function importBrain(path: string, options: ImportOptions): Promise<ImportReport> {
  const { store, ...local } = options;
  if (store !== undefined) return importShared(store, options, (home) => importBrain(path, { ...local, home }));
  const brains = join(options.home, 'brains');
  await makeFolder(brains);
  await sweep(brains);
  const staging = join(brains, `.import-${process.pid}-${Date.now()}`);
  try {
    const reader = new ArchiveReader(resolve(path), staging, options);
    const manifest = await reader.read();
    const name = checkName(options.name ?? manifest.name, 'the brain');
    const folder = join(brains, name);
    if (existsSync(folder)) throw taken(name);
    const report = checkBrain(name, staging, manifest);
    for (const each of ['adapters', 'index', '.']) await syncFolder(join(staging, each));
    await rename(staging, folder).catch((error: unknown) => {
      throw existsSync(folder) ? taken(name) : error;
    });
    await syncFolder(brains);
    return report;
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
    throw fromSystemError(error, path);
  }
}

class ArchiveReader {
  #manifest: ArchiveManifest | undefined;
  readonly #left = new Map<string, ArchiveFile>();
  readonly #writing: Promise<void>[] = [];
  #error: unknown;
  #done = 0;
  #total = 0;

  constructor(
    private readonly path: string,
    private readonly staging: string,
    private readonly options: ImportOptions,
  ) {}

  async read(): Promise<ArchiveManifest> {
    for (const each of ['adapters', 'index']) await makeFolder(join(this.staging, each));
    try {
      await list({
        file: this.path,
        strict: true,
        onReadEntry: (entry) => {
          this.#take(entry);
        },
      });
    } catch (error) {
      const isSystem = error instanceof Error && 'syscall' in error;
      this.#error ??= isSystem ? fromSystemError(error, this.path) : damaged('it is no whole tar', error);
    }
    await Promise.allSettled(this.#writing);
    if (this.#error !== undefined) throw this.#error as Error;
    throwIfCancelled(this.options.signal);
    if (this.#manifest === undefined) throw damaged('it has no manifest');
    const [missing] = this.#left.keys();
    if (missing !== undefined) throw damaged(`${missing} is not in it`);
    return this.#manifest;
  }

  /** Takes the next entry, or passes over it once something is wrong. */
  #take(entry: ReadEntry): void {
    if (this.#error === undefined) {
      try {
        throwIfCancelled(this.options.signal);
        if (entry.type !== 'File' && entry.type !== 'OldFile') throw damaged(`${entry.path} is no plain file`);
        if (this.#manifest === undefined) this.#takeManifest(entry);
        else this.#writing.push(this.#write(entry, this.#expected(entry)));
        return;
      } catch (error) {
        this.#error = error;
      }
    }
    entry.resume();
  }

  #takeManifest(entry: ReadEntry): void {
    if (entry.path !== MANIFEST) throw damaged('it does not begin with a manifest');
    if (entry.size > MOST_MANIFEST_BYTES) throw damaged('its manifest is too large');
    const pieces: Buffer[] = [];
    entry.on('data', (piece: Buffer) => pieces.push(piece));
    entry.on('end', () => {
      try {
        const manifest = parseManifest(Buffer.concat(pieces));
        this.#requireModel(manifest);
        this.#total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
        for (const file of manifest.files) this.#left.set(file.path, file);
        this.#manifest = manifest;
        this.#writing.push(
          requireSpace(this.staging, this.#total, 'the brain').catch((error: unknown) => {
            this.#error ??= error;
          }),
        );
      } catch (error) {
        this.#error = error;
      }
    });
  }

  #requireModel({ model, name }: ArchiveManifest): void {
    const given = this.options.model;
    if (given === undefined || given.sha256 === model.sha256) return;
    throw new EngramError('mismatch', `The brain "${name}" belongs to the model ${model.name}, not to ${given.name}.`, {
      hint: `Import it with --model ${model.name}, then \`engram brain move\` trains it on another.`,
      details: { brain: model, given },
    });
  }

  #expected(entry: ReadEntry): ArchiveFile {
    const file = this.#left.get(entry.path);
    if (file === undefined) throw damaged(`it holds ${entry.path}, which its manifest does not name, or twice`);
    if (entry.size !== file.bytes) throw damaged(`${entry.path} has another size than it should`);
    this.#left.delete(entry.path);
    return file;
  }

  async #write(entry: ReadEntry, { path, sha256 }: ArchiveFile): Promise<void> {
    const hash = createHash('sha256');
    const target = join(this.staging, path);
    try {
      await pipeline(
        noted(entry as unknown as AsyncIterable<unknown>, (piece) => {
          throwIfCancelled(this.options.signal);
          hash.update(piece);
          this.#done += piece.length;
          this.options.onProgress?.({ doneBytes: this.#done, totalBytes: this.#total });
        }),
        createWriteStream(target, { flags: 'wx' }),
      );
      if (hash.digest('hex') !== sha256) throw damaged(`${path} has another hash than it should`);
      await sync(target);
    } catch (error) {
      this.#error ??= fromSystemError(error, target);
      entry.resume();
    }
  }
}

async function* noted(pieces: AsyncIterable<unknown>, note: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    note(piece as Buffer);
    yield piece as Buffer;
  }
}

/** The ledger decides what is in a brain: it has to be sound, of the model that the manifest names, and name the adapters. */
function checkBrain(name: string, folder: string, manifest: ArchiveManifest): ImportReport {
  const ledger = Ledger.open(join(folder, 'ledger.sqlite'));
  try {
    const brain = new Brain(name, folder, ledger, manifest.model);
    const held = brain.memories().filter(({ state }) => state === 'remembered');
    const hashes = new Map(held.map(({ id, adapter }) => [brain.adapterPath(id), adapter?.sha256]));
    for (const { path, sha256 } of manifest.files) {
      if (path.startsWith('adapters/') && hashes.get(join(folder, path)) !== sha256) {
        throw damaged(`${path} is not an adapter that its ledger names`);
      }
    }
    const missing = held.filter(({ damaged: how }) => how !== undefined).map(({ id }) => id);
    return { name, model: brain.model, memories: held.length, damaged: missing };
  } finally {
    ledger.close();
  }
}

/** What a process that was killed has left. */
async function sweep(brains: string): Promise<void> {
  for (const name of readdirSync(brains)) {
    const pid = /^\.import-(\d+)-\d+$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(brains, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

function taken(name: string): EngramError {
  return new EngramError('exists', `There is a brain "${name}" already.`, { hint: 'Give it another name with --as.' });
}
