// Does a model fit: how much memory chat and training take, and how much this process may have. Estimates from sizes alone,
// meant to be a little high.
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { EngramError } from '../errors.js';
import { totalBytes, type CatalogEntry, type ModelShape } from './catalog.js';

export interface MemoryNeeds {
  /** Bytes to chat. */
  chat: number;
  /** Bytes to chat and train in one process. */
  training: number;
}

export interface SizedModel {
  /** Of its files. */
  bytes: number;
  parameters: number;
  shape: ModelShape;
}

export interface FitOptions {
  /** Tokens of context in chat. Default 4096, or fewer if the model has fewer. */
  contextSize?: number;
  /** Tokens of a training step. Default 512. */
  batchTokens?: number;
  /** Rank of the adapter. Default 8. */
  rank?: number;
}

/** Node, engram itself and the libraries, bytes. */
const PROGRAM_BYTES = 150 * 2 ** 20;
/** Tokens that llama.cpp computes at once. */
const CHAT_BATCH = 512;
/** Bytes of a frozen weight and of everything that training computes. */
const F32 = 4;
const F16 = 2;

/** What chat and training take:
 *
 *     chat     = files + K and V of the context in f16 + one batch of logits and activations in f32 + the program
 *     training = chat + all weights in f32 + (adapter, its gradient and two moments) + activations and logits of a step
 *
 * Activations of a step, for each layer and token: about 12 vectors of the hidden size and 4 of the feed-forward size. */
export function memoryNeeds(model: SizedModel, options: FitOptions = {}): MemoryNeeds {
  const { layers, hiddenSize, heads, keyValueHeads, headSize, feedForwardSize, vocabularySize } = model.shape;
  const context = options.contextSize ?? Math.min(4096, model.shape.contextLength);
  const tokens = options.batchTokens ?? 512;
  const rank = options.rank ?? 8;

  const cache = 2 * layers * keyValueHeads * headSize * context * F16;
  const batch = CHAT_BATCH * (vocabularySize + 4 * hiddenSize + 2 * feedForwardSize) * F32;
  const chat = model.bytes + cache + batch + PROGRAM_BYTES;

  const queries = heads * headSize;
  const keys = keyValueHeads * headSize;
  const attention = 2 * (hiddenSize + queries) + 2 * (hiddenSize + keys);
  const adapter = layers * rank * (attention + 3 * (hiddenSize + feedForwardSize)) * 4 * F32;
  const activations = layers * tokens * (12 * hiddenSize + 4 * feedForwardSize) * F32;
  const logits = 2 * tokens * vocabularySize * F32;
  return { chat, training: chat + model.parameters * F32 + adapter + activations + logits };
}

/** As memoryNeeds, for a model of the catalog. An embedding model is not trained: both figures are those of using it. */
export function entryNeeds(entry: CatalogEntry, options: FitOptions = {}): MemoryNeeds {
  const bytes = totalBytes(entry);
  if (entry.role === 'embedding') {
    const use = 2 * bytes + PROGRAM_BYTES;
    return { chat: use, training: use };
  }
  return memoryNeeds({ bytes, parameters: entry.parameters, shape: entry.shape }, options);
}

/** Throws `memory` if the model does not fit. `what` completes "… needs". */
export function requireMemory(needed: number, what: string, available: number = availableMemory()): void {
  if (needed <= available) return;
  throw new EngramError('memory', `${what} needs about ${inGb(needed)} of memory, and ${inGb(available)} are free.`, {
    hint: 'Close other programs, or take a smaller model: engram models list',
    details: { needed, available },
  });
}

/** Bytes that this process can still take without swapping: what the machine has free (what the system keeps in its file
 * cache counts as free), at most what a container's limit leaves. `root` is the file system's, for tests. */
export function availableMemory(root = '/'): number {
  if (process.platform !== 'linux') return freemem();
  const free = memAvailable(join(root, 'proc/meminfo')) ?? freemem();
  return Math.max(0, Math.min(free, cgroupRoom(root)));
}

function memAvailable(path: string): number | undefined {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(read(path));
  return match === null ? undefined : Number(match[1]) * 1024;
}

/** What the limits of all control groups above this process leave, in their version 2 or, inside a container, 1. */
function cgroupRoom(root: string): number {
  const group = /^0::(.*)$/m.exec(read(join(root, 'proc/self/cgroup')))?.[1] ?? '/';
  const base = join(root, 'sys/fs/cgroup');
  const rooms = [roomOf(join(base, 'memory'), 'memory.limit_in_bytes', 'memory.usage_in_bytes')];
  for (let folder = join(base, group); ; folder = dirname(folder)) {
    rooms.push(roomOf(folder, 'memory.max', 'memory.current'));
    if (folder.length <= base.length) break;
  }
  return Math.min(...rooms);
}

function roomOf(folder: string, limitFile: string, usageFile: string): number {
  const limit = Number.parseInt(read(join(folder, limitFile)), 10); // `max` and a missing file give NaN
  const used = Number.parseInt(read(join(folder, usageFile)), 10);
  if (Number.isNaN(limit) || Number.isNaN(used)) return Number.POSITIVE_INFINITY;
  const statistics = read(join(folder, 'memory.stat'));
  const cached = /^(?:total_)?inactive_file (\d+)$/m.exec(statistics)?.[1] ?? '0';
  return limit - used + Number(cached);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function inGb(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
