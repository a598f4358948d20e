// What is installed: <home>/models/<name>/<file>, and a record of where each file came from. Not here: the catalog of what
// could be (catalog.ts) and the fetching (pull.ts).
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngramError, fromSystemError } from '../errors.js';
import { withLock, writeFileAtomic } from '../files.js';
import { catalog, findEntry, nearestNames, type CatalogEntry } from './catalog.js';
import { entryNeeds, fitsIn } from './fit.js';

/** Written beside a model's files when it is pulled. */
export interface PullRecord {
  /** ISO 8601. */
  pulledAt: string;
  files: Record<string, FileRecord>;
}

export interface FileRecord {
  bytes: number;
  /** As it was seen. */
  sha256: string;
  /** Whether that is what the catalog asks for; false where the catalog has no hash. */
  verified: boolean;
  /** In words: which source it came from. */
  source: string;
}

export interface ModelStatus {
  entry: CatalogEntry;
  installed: boolean;
  /** Bytes on disk, those of a pull that was broken off included. */
  bytesOnDisk: number;
  folder: string;
  record?: PullRecord;
  /** Estimates, and what of it fits into the memory that this machine has. */
  memory: { chatBytes: number; trainingBytes: number; fits: { answering: boolean; training: boolean } };
}

/** Name of the record in a model's folder. */
const RECORD = 'pulled.json';

export function modelsFolder(home: string): string {
  return join(home, 'models');
}

export function modelFolder(home: string, entry: CatalogEntry): string {
  return join(modelsFolder(home), entry.name);
}

/** Where a file of the model lies, or will. */
export function filePath(home: string, entry: CatalogEntry, file: { path: string }): string {
  return join(modelFolder(home, entry), ...file.path.split('/'));
}

/** True if the file is there in full. A file only ever gets its name once its hash was right, so its size suffices. */
export async function hasFile(path: string, bytes: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === bytes;
}

export async function isInstalled(home: string, entry: CatalogEntry): Promise<boolean> {
  for (const file of entry.files) {
    if (!(await hasFile(filePath(home, entry, file), file.bytes))) return false;
  }
  return true;
}

/** Every model of the catalog, and whether it is installed. */
export async function listModels(home: string, entries: readonly CatalogEntry[] = catalog()): Promise<ModelStatus[]> {
  return Promise.all(entries.map((entry) => modelStatus(home, entry)));
}

async function modelStatus(home: string, entry: CatalogEntry): Promise<ModelStatus> {
  const folder = modelFolder(home, entry);
  const record = await readRecord(home, entry);
  return {
    entry,
    folder,
    installed: await isInstalled(home, entry),
    bytesOnDisk: await bytesBelow(folder),
    memory: memoryOf(entry),
    ...(record === undefined ? {} : { record }),
  };
}

function memoryOf(entry: CatalogEntry): ModelStatus['memory'] {
  const needs = entryNeeds(entry);
  return { chatBytes: needs.chat, trainingBytes: needs.training, fits: fitsIn(needs) };
}

/** Deletes an installed model, or what a broken-off pull left of it. Returns the bytes freed. Throws `not_found` for a
 * name that is not in the catalog or not installed, `locked` while it is being pulled. A path is never deleted. */
export async function removeModel(
  home: string,
  name: string,
  entries: readonly CatalogEntry[] = catalog(),
): Promise<number> {
  const entry = findEntry(name, entries);
  if (entry === undefined) {
    const near = nearestNames(name, entries);
    throw new EngramError('not_found', `The catalog has no model "${name}".`, {
      hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'List them with: engram models list',
    });
  }
  return lockModel(home, entry, { waitMs: 500 }, async () => {
    const folder = modelFolder(home, entry);
    const freed = await bytesBelow(folder);
    if (freed === 0) throw new EngramError('not_found', `${entry.name} is not installed.`);
    await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
      throw fromSystemError(error, folder);
    });
    return freed;
  });
}

/** Runs `action` while nobody else pulls or removes this model. */
export function lockModel<T>(
  home: string,
  entry: CatalogEntry,
  options: { waitMs?: number; signal?: AbortSignal | undefined; onWait?: (() => void) | undefined },
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withLock(modelFolder(home, entry), { doing: `pulling ${entry.name}`, ...options }, action);
}

export async function readRecord(home: string, entry: CatalogEntry): Promise<PullRecord | undefined> {
  try {
    const record = JSON.parse(
      await readFile(join(modelFolder(home, entry), RECORD), 'utf8'),
    ) as Partial<PullRecord> | null;
    const isSound =
      typeof record?.pulledAt === 'string' && typeof record.files === 'object' && (record.files as unknown) !== null;
    return isSound ? (record as PullRecord) : undefined;
  } catch {
    return undefined; // files laid there by hand have none
  }
}

export async function addToRecord(home: string, entry: CatalogEntry, files: Record<string, FileRecord>): Promise<void> {
  const before = await readRecord(home, entry);
  const record: PullRecord = { pulledAt: new Date().toISOString(), files: { ...before?.files, ...files } };
  await writeFileAtomic(join(modelFolder(home, entry), RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found?.isFile() === true ? found.size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
