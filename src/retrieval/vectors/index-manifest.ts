// index.json of an index: what it holds, who made it, the names and hashes of its files. Any text becomes a Manifest or an
// EngramError.
import { EngramError } from '../../errors.js';
import { isObject } from '../../is-object.js';
import type { GraphParameters } from './graph.js';

export const MANIFEST_FORMAT = 1;

export interface FileRecord {
  name: string;
  bytes: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

export interface Manifest {
  format: typeof MANIFEST_FORMAT;
  embedder: string;
  revision: string;
  parameters: GraphParameters & { ef: number };
  /** Slots, free ones among them. */
  slots: number;
  /** Slots that are not linked into the graph. */
  pending: number;
  vectors: FileRecord;
  graph?: FileRecord;
}

/** Throws `corrupt`, `unsupported`. */
export function readManifest(text: string, folder: string): Manifest {
  const damaged = (cause?: unknown): EngramError =>
    new EngramError('corrupt', `index.json in ${folder} is damaged.`, {
      hint: 'The index has to be made again.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(error);
  }
  if (!isObject(value)) throw damaged();
  const { format, embedder, revision, parameters, slots, pending, vectors, graph } = value;
  if (isCount(format) && format > MANIFEST_FORMAT) {
    throw new EngramError('unsupported', `The index in ${folder} was made by a newer engram.`, {
      hint: 'Update engram; or let it make the index again.',
    });
  }
  const isSound =
    format === MANIFEST_FORMAT &&
    typeof embedder === 'string' &&
    typeof revision === 'string' &&
    isCount(slots, 2 ** 32) &&
    isCount(pending, slots) &&
    isParameters(parameters) &&
    isRecord(vectors, 'vectors') &&
    (graph === undefined || isRecord(graph, 'graph'));
  if (!isSound) throw damaged();
  const read = { format, embedder, revision, parameters, slots, pending, vectors } as Manifest;
  return graph === undefined ? read : { ...read, graph: graph as FileRecord };
}

function isParameters(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { dimensions, connections, efConstruction, ef } = value;
  return (
    isCount(dimensions, 65_536, 1) &&
    isCount(connections, 256, 2) &&
    isCount(efConstruction, 1e6, 1) &&
    isCount(ef, 1e6, 1)
  );
}

function isRecord(value: unknown, kind: string): boolean {
  if (!isObject(value)) return false;
  const { name, bytes, sha256 } = value;
  return (
    typeof name === 'string' &&
    new RegExp(`^${kind}-[0-9a-f]{16}$`).test(name) &&
    isCount(bytes) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
}

const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER, least = 0): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
