// The files of an index: `vectors-<id>` (labels, which slots are live, which are not linked, vectors), `graph-<id>` where there
// is a graph, and `index.json`, which names them with their hashes. That one is replaced last, by a rename: until then the
// folder holds the old index, from then on the new one. Not here: what any of it is for.
import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EngramError, fromSystemError } from '../../errors.js';
import { makeFolder, requireSpace, sha256File, syncFolder, withLock, writeFileAtomic } from '../../files.js';
import { checkGraphFile } from './graph-file.js';
import { Graph, type GraphParameters, type HnswLibrary } from './graph.js';
import { MANIFEST_FORMAT, readManifest, type FileRecord, type Manifest } from './index-manifest.js';
import { VectorStore } from './vector-store.js';

const MANIFEST = 'index.json';
/** Files of an index that no manifest names are left over from a save that was cut off. */
const OURS = /^(vectors|graph)-[0-9a-f]{16}$/;
/** Vectors written or read at once. */
const AT_ONCE = 4096;
/** Bytes of a graph beside those of its vectors, at most, for each vector and link. */
const BYTES_OF_LINK = 12;

export interface IndexContent {
  embedder: string;
  revision: string;
  parameters: GraphParameters & { ef: number };
  store: VectorStore;
  graph: Graph | undefined;
}

/** Replaces the index of a folder. Nothing in `content` may change meanwhile. Throws `disk`, `locked`. */
export async function writeIndex(folder: string, content: IndexContent): Promise<void> {
  const { store, graph, parameters, embedder, revision } = content;
  await makeFolder(folder);
  const vectorBytes = store.slots * (parameters.dimensions * 4 + 9);
  const graphBytes = graph === undefined ? 0 : vectorBytes + store.slots * parameters.connections * BYTES_OF_LINK;
  await requireSpace(folder, vectorBytes + graphBytes, 'the index');
  await withLock(join(folder, MANIFEST), { doing: `saving the index in ${folder}` }, async () => {
    const id = randomBytes(8).toString('hex');
    const pending = Uint32Array.from(graph?.pending ?? []);
    try {
      const manifest: Manifest = {
        format: MANIFEST_FORMAT,
        embedder,
        revision,
        parameters,
        slots: store.slots,
        pending: pending.length,
        vectors: await writeVectors(folder, `vectors-${id}`, store, pending),
        ...(graph === undefined ? {} : { graph: await writeGraph(folder, `graph-${id}`, graph, parameters) }),
      };
      await syncFolder(folder);
      await writeFileAtomic(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    } catch (error) {
      await removeFiles(folder, (name) => name.endsWith(`-${id}`)).catch(() => undefined);
      throw fromSystemError(error, folder);
    }
    // The new index is there; what cannot be deleted now is deleted with the next one.
    await removeFiles(folder, (name) => OURS.test(name) && !name.endsWith(`-${id}`)).catch(() => undefined);
  });
}

/** Throws `not_found`, `corrupt`, `mismatch`, `unsupported`, `disk`. A graph that is damaged is left out: it can be made again
 * of the vectors. */
export async function readIndex(
  folder: string,
  expected: { dimensions: number; embedder: string },
  library: HnswLibrary | undefined,
): Promise<IndexContent> {
  const text = await manifestOf(folder);
  const manifest = readManifest(text, folder);
  const { parameters, embedder, revision } = manifest;
  if (embedder !== expected.embedder || parameters.dimensions !== expected.dimensions) {
    throw new EngramError(
      'mismatch',
      `The index in ${folder} has ${parameters.dimensions} numbers a vector, made by ${embedder}; wanted are ${expected.dimensions} by ${expected.embedder}.`,
      { hint: 'It has to be made again with this embedding model.' },
    );
  }
  try {
    const { store, pending } = await readVectors(folder, manifest);
    const graph =
      library === undefined || manifest.graph === undefined
        ? undefined
        : await readGraph(folder, manifest, manifest.graph, store, pending, library).catch(keptOut);
    return { embedder, revision, parameters, store, graph };
  } catch (error) {
    // Another process may have saved after its manifest was read: the files it named are gone then.
    const isGone = error instanceof EngramError && error.code === 'not_found';
    if (isGone && (await manifestOf(folder)) !== text) return readIndex(folder, expected, library);
    if (isGone) throw new EngramError('corrupt', `The index in ${folder} lacks a file.`, { cause: error });
    throw error;
  }
}

function keptOut(error: unknown): undefined {
  if (error instanceof EngramError && error.code === 'corrupt') return undefined;
  throw error;
}

async function manifestOf(folder: string): Promise<string> {
  const path = join(folder, MANIFEST);
  try {
    const { size } = await stat(path);
    if (size > 2 ** 20) throw new EngramError('corrupt', `${path} is too large for what it should be.`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

async function removeFiles(folder: string, isMeant: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder)) if (isMeant(name)) await rm(join(folder, name), { force: true });
}

/** Bytes of a view, without a copy. The numbers are written as every platform of Node has them: little-endian. */
const bytesOf = (view: Uint8Array | Uint32Array | Float32Array): Buffer =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength);

async function writeVectors(
  folder: string,
  name: string,
  store: VectorStore,
  pending: Uint32Array,
): Promise<FileRecord> {
  const hash = createHash('sha256');
  const file = await open(join(folder, name), 'wx');
  let bytes = 0;
  try {
    const write = async (data: Buffer): Promise<void> => {
      hash.update(data);
      await file.writeFile(data);
      bytes += data.length;
    };
    for (const part of [...store.tables(), pending]) await write(bytesOf(part));
    for (let slot = 0; slot < store.slots;) {
      const some: Buffer[] = [];
      for (; slot < store.slots && some.length < AT_ONCE; slot++) some.push(bytesOf(store.vector(slot)));
      await write(Buffer.concat(some));
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { name, bytes, sha256: hash.digest('hex') };
}

async function readVectors(
  folder: string,
  manifest: Manifest,
): Promise<{ store: VectorStore; pending: ReadonlySet<number> }> {
  const { slots, parameters, vectors: record } = manifest;
  const path = join(folder, record.name);
  const damaged = (why: string): EngramError =>
    new EngramError('corrupt', `The vectors in ${path} are damaged: ${why}.`, {
      hint: 'The index has to be made again.',
    });
  const file = await open(path, 'r').catch((error: unknown) => {
    throw fromSystemError(error, path);
  });
  try {
    const hash = createHash('sha256');
    const { size } = await file.stat();
    if (size !== record.bytes || size !== slots * (4 * parameters.dimensions + 5) + 4 * manifest.pending) {
      throw damaged(`${size} bytes`);
    }
    const fill = async <T extends Uint8Array | Uint32Array | Float32Array>(view: T): Promise<T> => {
      const data = bytesOf(view);
      if (!(await readWhole(file, data))) throw damaged('it ends too early');
      hash.update(data);
      return view;
    };
    const labels = await fill(new Uint32Array(slots));
    const live = await fill(new Uint8Array(slots));
    const pending = await fill(new Uint32Array(manifest.pending));
    const store = new VectorStore(parameters.dimensions);
    if (!store.adopt(labels, live)) throw damaged('a label is there twice');
    const rows = new Float32Array(Math.min(AT_ONCE, slots) * parameters.dimensions);
    for (let slot = 0; slot < slots;) {
      const some = await fill(rows.subarray(0, Math.min(AT_ONCE, slots - slot) * parameters.dimensions));
      for (let at = 0; at < some.length; at += parameters.dimensions, slot++) {
        store.vector(slot).set(some.subarray(at, at + parameters.dimensions));
      }
    }
    if (hash.digest('hex') !== record.sha256) throw damaged('its hash is another');
    if (!store.areSound()) throw damaged('a vector has another length than 1');
    return { store, pending: new Set(pending) };
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle, data: Buffer): Promise<boolean> {
  for (let at = 0; at < data.length;) {
    const { bytesRead } = await file.read(data, at, Math.min(data.length - at, 1 << 24));
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}

async function writeGraph(
  folder: string,
  name: string,
  graph: Graph,
  parameters: GraphParameters,
): Promise<FileRecord> {
  const path = join(folder, name);
  await graph.write(path);
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  // hnswlib says nothing when a disk is full.
  await checkGraphFile(path, parameters).catch((error: unknown) => {
    throw new EngramError('disk', `The index could not be written whole: ${path}.`, { cause: error });
  });
  const { size: bytes } = await stat(path);
  return { name, bytes, sha256: await sha256File(path) };
}

async function readGraph(
  folder: string,
  { slots, parameters }: Manifest,
  record: FileRecord,
  store: VectorStore,
  pending: ReadonlySet<number>,
  library: HnswLibrary,
): Promise<Graph> {
  const path = join(folder, record.name);
  if ((await sha256File(path)) !== record.sha256) {
    throw new EngramError('corrupt', `The graph in ${path} is damaged: its hash is another.`);
  }
  await checkGraphFile(path, parameters);
  const isLinked = (slot: number): boolean => store.isLive(slot) && !pending.has(slot);
  const graph = await Graph.read(library, path, parameters.dimensions, { count: slots, isLinked });
  for (let slot = 0; slot < slots; slot++) if (store.isLive(slot) && !graph.isLinked(slot)) graph.enqueue(slot);
  return graph;
}
