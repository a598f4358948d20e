// What a GGUF file is: architecture, sizes, quantisation, whether one can chat with it. Reads the header only and touches no
// model library, so it can be asked before anything is loaded. Not here: whether engram can train it (training/).
import { EngramError } from '../errors.js';
import type { ModelShape } from './catalog.js';
import { FILE_TYPES, TENSOR_TYPES } from './gguf-types.js';
import { modelNameOf, readGgufHeader, type GgufHeader } from './gguf-parts.js';
import type { GgufTensor } from './gguf.js';

export interface ModelInfo {
  path: string;
  /** Of all its files. */
  bytes: number;
  /** How many files it lies in. */
  parts: number;
  /** `general.name`, else the file's name. */
  name: string;
  architecture: string;
  parameters: number;
  /** E.g. `Q4_K_M`; `unknown` if the file does not say and its tensors do not either. */
  quantisation: string;
  /** Tokens the model was made for. */
  contextLength: number;
  hasChatTemplate: boolean;
  /** Why one cannot chat with it, as the end of a sentence that begins with the file; undefined for a language model. */
  notLanguageModel?: string;
  shape: ModelShape;
  /** Bytes of the file in matrices that llama.cpp lays out anew for its kernels on this kind of CPU. */
  repackable: number;
}

/** Reads what a GGUF file is. Throws `corrupt` if it is broken or breaks off, `unsupported` for a version or number format
 * that engram does not know, `not_found`, `disk`. A sound GGUF that is no language model is described, not refused. */
export function inspectModel(path: string): ModelInfo {
  const header = readWholeGguf(path);
  const notLanguageModel = whyNot(header);
  if (notLanguageModel === undefined) checkShape(header, path);
  return {
    path,
    bytes: header.bytes,
    parts: header.parts.length,
    name: text(header, 'general.name') ?? modelNameOf(path),
    architecture: text(header, 'general.architecture') ?? 'unknown',
    parameters: header.tensors.reduce((sum, tensor) => sum + elements(tensor), 0),
    quantisation: quantisation(header),
    contextLength: number(header, 'context_length') ?? 0,
    hasChatTemplate: header.metadata.has('tokenizer.chat_template'),
    shape: shape(header),
    repackable: repackable(header),
    ...(notLanguageModel === undefined ? {} : { notLanguageModel }),
  };
}

/** The header of a file whose tensors all lie within it. Throws as inspectModel does. */
function readWholeGguf(path: string): GgufHeader {
  const header = readGgufHeader(path);
  checkData(header);
  return header;
}

/** As inspectModel, and throws `unsupported` unless it is a language model. */
export function inspectLanguageModel(path: string): ModelInfo {
  const info = inspectModel(path);
  if (info.notLanguageModel === undefined) return info;
  throw new EngramError('unsupported', `${path} ${info.notLanguageModel}.`, {
    hint: 'Chat and training need the GGUF of a language model.',
  });
}

/** Throws `unsupported` for a model without a chat template; other faults of the file are left to who loads it. */
export function requireChatTemplate(path: string): void {
  let header: GgufHeader;
  try {
    header = readGgufHeader(path);
  } catch {
    return;
  }
  if (typeof header.metadata.get('tokenizer.chat_template') !== 'string') throw noChatTemplate();
}

export function noChatTemplate(): EngramError {
  return new EngramError('unsupported', 'This model has no chat template, so it cannot hold a conversation.', {
    hint: 'Continue texts with it (engram complete), name a template with --chat-template, or use an instruct model.',
  });
}

/** Models that read text, pictures or sound but write none. */
const ENCODERS = /bert|^clip$|^t5encoder$|^wavtokenizer|^whisper|-embedding$|^mmproj/;

function whyNot(header: GgufHeader): string | undefined {
  const type = text(header, 'general.type');
  if (type === 'adapter') return 'is a LoRA adapter, not a model';
  if (type !== undefined && type !== 'model') return `is not a language model but a "${type}"`;
  const architecture = text(header, 'general.architecture');
  if (architecture === undefined) return 'does not say which architecture it has';
  if (ENCODERS.test(architecture) || header.metadata.get(`${architecture}.attention.causal`) === false) {
    return `is not a language model but an encoder (${architecture})`;
  }
  if (!header.metadata.has('tokenizer.ggml.model')) return 'has no tokenizer';
  if (!header.tensors.some((tensor) => tensor.name === 'token_embd.weight')) return 'has no token embeddings';
  return undefined;
}

/** Throws `corrupt` if a tensor reaches past the end of the file. */
function checkData(header: GgufHeader): void {
  for (const tensor of header.tensors) {
    const { path, bytes } = header.parts[tensor.part]!;
    const type = TENSOR_TYPES[tensor.type];
    if (type === undefined) continue; // newer than this table; the model library will know or refuse it
    const [, perBlock, blockBytes] = type;
    const end = tensor.offset + (elements(tensor) / perBlock) * blockBytes;
    if (end <= bytes) continue;
    throw new EngramError('corrupt', `${path} breaks off: it has ${bytes} bytes and should have at least ${end}.`, {
      hint: 'Fetch it again.',
      details: { path, bytes, needed: end, tensor: tensor.name },
    });
  }
}

/** Throws `corrupt` if the sizes that a model states are not those of its tensors: what reads it would find that out much later. */
function checkShape(header: GgufHeader, path: string): void {
  const lies = (why: string): never => {
    throw new EngramError('corrupt', `${path} is a broken GGUF file: ${why}.`, { hint: 'Fetch it again.' });
  };
  const { layers, hiddenSize, heads, keyValueHeads } = shape(header);
  const embedding = header.tensors.find(({ name }) => name === 'token_embd.weight');
  if (embedding === undefined) return;
  const width = embedding.dimensions[0];
  if (hiddenSize !== width) lies(`it states a hidden size of ${hiddenSize}, and its embeddings have ${width} values`);
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  const rows = embedding.dimensions[1] ?? 1;
  if (typeof tokens === 'object' && tokens.length > rows) {
    lies(`its tokenizer has ${tokens.length} tokens, and there are embeddings of ${rows}`);
  }
  const blocks = header.tensors.map(({ name }) => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1));
  const beyond = blocks.reduce((most, block) => Math.max(most, block), -1) + 1;
  if (beyond > layers) lies(`it states ${layers} layers, and has tensors of ${beyond}`);
  if (heads > 0 && keyValueHeads > heads) lies(`it states ${heads} attention heads, and more of keys and values`);
}

function quantisation(header: GgufHeader): string {
  const named = FILE_TYPES[Number(header.metadata.get('general.file_type'))];
  if (named !== undefined) return named;
  const totals = new Map<number, number>();
  for (const tensor of header.tensors) totals.set(tensor.type, (totals.get(tensor.type) ?? 0) + elements(tensor));
  const commonest = [...totals].sort((a, b) => b[1] - a[1])[0];
  return commonest === undefined ? 'unknown' : (TENSOR_TYPES[commonest[0]]?.[0] ?? 'unknown');
}

function shape(header: GgufHeader): ModelShape {
  const hiddenSize = number(header, 'embedding_length') ?? 0;
  const heads = number(header, 'attention.head_count') ?? 0;
  const tokens = header.metadata.get('tokenizer.ggml.tokens');
  const embedding = header.tensors.find((tensor) => tensor.name === 'token_embd.weight');
  return {
    layers: number(header, 'block_count') ?? 0,
    hiddenSize,
    heads,
    keyValueHeads: number(header, 'attention.head_count_kv') ?? heads,
    headSize: number(header, 'attention.key_length') ?? (heads === 0 ? 0 : Math.floor(hiddenSize / heads)),
    feedForwardSize: number(header, 'feed_forward_length') ?? 0,
    vocabularySize: typeof tokens === 'object' ? tokens.length : (embedding?.dimensions[1] ?? 0),
    contextLength: number(header, 'context_length') ?? 0,
  };
}

/** Types whose matrices llama.cpp lays out anew, on x64 and on ARM (ggml-cpu's repack.cpp): Q4_0, Q4_K and IQ4_NL. */
const REPACKED: ReadonlySet<number> = new Set([2, 12, 20]);

function repackable({ tensors }: GgufHeader): number {
  const matrices = tensors.filter(({ type, dimensions, name }) => {
    return REPACKED.has(type) && dimensions.length === 2 && dimensions[1]! % 8 === 0 && name !== 'token_embd.weight';
  });
  return matrices.reduce((sum, tensor) => {
    const [, perBlock, blockBytes] = TENSOR_TYPES[tensor.type]!;
    return sum + (elements(tensor) / perBlock) * blockBytes;
  }, 0);
}

function elements(tensor: GgufTensor): number {
  return tensor.dimensions.reduce((product, dimension) => product * dimension, 1);
}

function text(header: GgufHeader, key: string): string | undefined {
  const value = header.metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}

/** A number under the architecture's own prefix; of a number for each layer the largest. */
function number(header: GgufHeader, key: string): number | undefined {
  const value = header.metadata.get(`${text(header, 'general.architecture') ?? ''}.${key}`);
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value.values !== undefined) return Math.max(0, ...value.values);
  return undefined;
}
