// Does a model fit: one estimate of what the process takes resident, to chat and to memorize, from the sizes in a header or in the
// catalog. test/model/memory-estimate.test.ts holds it against what is measured. Not here: how much there is (memory-room.ts), and
// trainings of other shapes, which native code counts (training/memory-budget.ts).
import { EngramError } from '../errors.js';
import { catalog, totalBytes, type CatalogEntry, type ModelShape } from './catalog.js';
import { availableMemory, machineMemory } from './memory-room.js';

export interface MemoryNeeds {
  /** Bytes to chat. */
  chat: number;
  /** Bytes to chat and memorize in one process. */
  training: number;
  /** What they consist of. */
  parts: MemoryParts;
}

/** Bytes. */
export interface MemoryParts {
  /** The model's files, which are mapped: the system can drop these pages, and reads them again at every token then. */
  files: number;
  /** Weights that llama.cpp lays out anew for its kernels. */
  repacked: number;
  /** Weights that training holds; for a model that is small for the machine chat computes with them, too. */
  packed: number;
  /** Whether chat takes them. */
  sharesPacked: boolean;
  /** Keys and values of the context. */
  cache: number;
  /** Node, the libraries, the vocabulary, what is computed at once. */
  program: number;
  /** The embedding model and what a memory's training computes and keeps. */
  memorizing: number;
}

export interface SizedModel {
  /** Of its files. */
  bytes: number;
  parameters: number;
  shape: ModelShape;
  /** Of the files, bytes in types that llama.cpp lays out anew. Default 0. */
  repackable?: number;
}

export interface FitOptions {
  /** Tokens of context in chat. Default 4096, or fewer if the model has fewer. */
  contextSize?: number;
  /** Bytes of a weight that training holds. Default: 1 on x64, which multiplies bytes, elsewhere 2. */
  weightBytes?: number;
  /** Bytes of memory the machine has. Default: what it has. */
  memory?: number;
}

/** Of the machine's memory, the most that weights may take that chat holds besides the model's file. Of all of it, not of what is
 * free: an answer must not depend on that. */
export const OWN_WEIGHTS_SHARE = 1 / 8;

const MiB = 2 ** 20;
const F16 = 2;
const F32 = 4;
/** Node, engram, llama.cpp. This, PER_TOKEN and BESIDE are measured: resident memory of SmolLM2-135M (Q4_1, contexts of 512 and
 * 4096) and gemma-3-270m (Q4_K_M, 512) after a chat and after a memory, less what is counted; the sums come within 1% of these. */
const PROGRAM = 230 * MiB;
/** Of each token of the vocabulary: its text here and in llama.cpp, and its place in what is computed. */
const PER_TOKEN = 880;
/** The embedding model in its thread, the judge, the contexts that both are asked in, what Node's heap grows by. */
const BESIDE = 350 * MiB;
/** Tokens of a memory's questions, of which the base model's keys and values are kept as f32, and of one step. */
const MEMORY_TOKENS = { kept: 512, step: 128 };
/** Rows of logits that a loss is computed of at once, with their gradient in bytes (native/core/loss_head.hpp). */
const LOSS_ROWS = 128;
/** Rank of a memory's adapter; it is over the feed-forward matrices of the upper half. */
const MEMORY_RANK = 8;

/** From sizes alone; see MemoryParts for what is counted. */
export function memoryNeeds(model: SizedModel, options: FitOptions = {}): MemoryNeeds {
  const { layers, hiddenSize, heads, keyValueHeads, headSize, feedForwardSize, vocabularySize } = model.shape;
  const { memory = machineMemory(), weightBytes = process.arch === 'x64' ? 1 : F16 } = options;
  const context = options.contextSize ?? Math.min(4096, model.shape.contextLength);
  const perToken = 2 * layers * keyValueHeads * headSize;
  // The embedding is kept as it is in the file, too.
  const embedding = model.parameters === 0 ? 0 : (model.bytes / model.parameters) * vocabularySize * hiddenSize;
  const packed = model.parameters * weightBytes + embedding;
  const width = 5 * hiddenSize + 4.5 * feedForwardSize + 8 * heads * headSize + 2 * keyValueHeads * headSize;
  const { kept, step } = MEMORY_TOKENS;
  const adapter = (layers / 2) * MEMORY_RANK * 3 * (hiddenSize + feedForwardSize) * 4 * F32;
  const activations =
    step * (width + (layers / 2) * (4 * hiddenSize + 2 * feedForwardSize + 3 * heads * headSize)) * F32;
  const parts: MemoryParts = {
    files: model.bytes,
    repacked: model.repackable ?? 0,
    packed,
    sharesPacked: process.arch === 'x64' && packed <= memory * OWN_WEIGHTS_SHARE,
    cache: perToken * context * F16,
    program: PROGRAM + PER_TOKEN * vocabularySize,
    memorizing: BESIDE + adapter + activations + kept * perToken * F32 + LOSS_ROWS * vocabularySize * (F32 + 1),
  };
  const chat = parts.files + parts.repacked + parts.cache + parts.program + (parts.sharesPacked ? packed : 0);
  return { chat, training: chat + (parts.sharesPacked ? 0 : packed) + parts.memorizing, parts };
}

/** As memoryNeeds, for a model of the catalog. An embedding model is not trained: both figures are those of using it. */
export function entryNeeds(entry: CatalogEntry, options: FitOptions = {}): MemoryNeeds {
  const bytes = totalBytes(entry);
  if (entry.role === 'chat') {
    const { parameters, shape, files } = entry;
    return memoryNeeds({ bytes, parameters, shape, repackable: repackableShare(files) * bytes }, options);
  }
  const parts = {
    files: bytes,
    repacked: 0,
    packed: bytes,
    sharesPacked: true,
    cache: 0,
    program: PROGRAM,
    memorizing: 0,
  };
  return { chat: 2 * bytes + PROGRAM, training: 2 * bytes + PROGRAM, parts };
}

/** Of files that are not there, by what their names say: a mix of Q4_K has finer matrices and embeddings beside it. */
function repackableShare(files: CatalogEntry['files']): number {
  const names = files.map(({ path }) => path).join(' ');
  return /q4_0|iq4_nl/i.test(names) ? 0.9 : /q4_k/i.test(names) ? 0.7 : 0;
}

/** What of a model fits into so much memory. Default: the machine's. */
export function fitsIn(
  needs: MemoryNeeds,
  memory: number = machineMemory(),
): { answering: boolean; training: boolean } {
  return { answering: needs.chat <= memory, training: needs.training <= memory };
}

/** Throws `memory` if there is too little, with what is needed and what would fit. `what` completes "… needs". */
export function requireMemory(needed: number, what: string, available: number = availableMemory()): void {
  if (needed <= available) return;
  throw new EngramError('memory', `${what} needs about ${inGb(needed)} of memory, and ${inGb(available)} are free.`, {
    hint: `Close other programs, take a smaller --context, or a smaller model${whatFits(available)}.`,
    details: { needed, available },
  });
}

/** Throws `memory` unless there is room to chat and memorize with a model that is not loaded yet; its message says for what. */
export function requireRoomToMemorize(name: string, needs: MemoryNeeds, available: number = availableMemory()): void {
  const { files, repacked, packed, cache, program, memorizing } = needs.parts;
  const parts = [
    `the model's file ${inGb(files)}`,
    ...(repacked > 0 ? [`its weights as llama.cpp lays them out ${inGb(repacked)}`] : []),
    `its weights as training holds them ${inGb(packed)}`,
    `the context ${inGb(cache)}`,
    `the rest ${inGb(program + memorizing)}`,
  ];
  requireMemory(needs.training, `Memorizing with ${name} (${parts.join(', ')})`, available);
}

/** Chat models of the catalog that could memorize in so much, largest first, as the end of a sentence. */
function whatFits(available: number): string {
  const fitting = catalog()
    .filter((entry) => entry.role === 'chat' && entryNeeds(entry).training <= available)
    .sort((a, b) => b.parameters - a.parameters)
    .slice(0, 3)
    .map(({ name }) => name);
  return fitting.length === 0 ? '; none of the catalog memorizes in that' : `, such as ${fitting.join(' or ')}`;
}

function inGb(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e8 ? 2 : 1)} GB`;
}
