// A saved KV state as one file: a mark, a header of its own hash, the tokens it was computed for, the bytes that llama.cpp gave.
// Nothing of it is believed before it was checked. Not here: what it is computed with (states.ts), llama.cpp's own format.
//
//   "engram-state" | version u32 | bytes of the header u32 | SHA-256 of the header | header, JSON | tokens, u32 each | state
import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { requireSpace, writeFileAtomic } from '../files.js';
import { requireMemory } from '../models/index.js';

/** What a state was computed with: elsewhere it means nothing, or something else. */
export interface StateBinding {
  /** SHA-256 of the model's file, and of each adapter's. */
  model: string;
  adapters: readonly { sha256: string; scale: number }[];
  /** Of the libraries of llama.cpp that computed it: its format, and the last bits, are theirs. */
  build: string;
  /** Number format of the cache. */
  cacheType: string;
  /** What computed it, or read prompts, in llama.cpp's place; null: nothing. */
  kernels: string | null;
  /** Conversations that the context holds at once: llama.cpp's format depends on it. */
  lanes: number;
  /** Tokens computed at once; what is kept are whole blocks. */
  block: number;
  /** Tokens of the context, only where it changes what is computed. */
  context: number | null;
}

export interface SavedState {
  tokens: Uint32Array;
  /** Of the prompt, its first tokens that are blocks of their own (native/generate/context.hpp). */
  prefix: number;
  state: Buffer;
}

interface Header extends StateBinding {
  tokens: number;
  prefix: number;
  stateBytes: number;
  /** SHA-256 of tokens and state. */
  sha256: string;
}

const MARK = Buffer.from('engram-state');
const VERSION = 2;
const HASH_BYTES = 32;
const FIXED_BYTES = MARK.length + 8 + HASH_BYTES;
const MOST_HEADER_BYTES = 1 << 20;
/** Bytes that are hashed or read between two turns of the event loop. */
const PIECE = 1 << 20;

/** Writes the file whole or not at all, for its owner's eyes: the text of the conversation can be got out of it. Returns its
 * bytes. Throws `disk`, `cancelled`. */
export async function writeStateFile(
  path: string,
  { tokens, prefix, state }: SavedState,
  binding: StateBinding,
  signal?: AbortSignal,
): Promise<number> {
  const tokenBytes = littleEndian(tokens);
  const sha256 = await hashOf([tokenBytes, state], signal);
  const header: Header = { ...binding, tokens: tokens.length, prefix, stateBytes: state.length, sha256 };
  const json = Buffer.from(JSON.stringify(header));
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32LE(VERSION, 0);
  numbers.writeUInt32LE(json.length, 4);
  const parts = [MARK, numbers, createHash('sha256').update(json).digest(), json, tokenBytes, state];
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  await requireSpace(path, bytes, 'the saved state');
  await writeFileAtomic(path, parts, 0o600);
  return bytes;
}

/** Reads what fits: computed with the same, for no more than `contextSize` tokens. Throws `not_found`, `disk`, `corrupt`,
 * `unsupported` (a newer engram's), `mismatch`, `memory`, `cancelled`. */
export async function readStateFile(
  path: string,
  binding: StateBinding,
  contextSize: number,
  signal?: AbortSignal,
): Promise<SavedState & { bytes: number }> {
  let file: FileHandle | undefined;
  try {
    const { size } = await regularFile(path);
    file = await open(path, 'r');
    const { header, end } = await readHeader(file, path, size);
    requireSame(header, binding, contextSize, path);
    requireMemory(2 * header.stateBytes, `The saved state ${path}`);
    const tokenBytes = await readPiece(file, end, header.tokens * 4, signal);
    const state = await readPiece(file, end + tokenBytes.length, header.stateBytes, signal);
    const isWhole = tokenBytes.length === header.tokens * 4 && state.length === header.stateBytes;
    if (!isWhole || (await hashOf([tokenBytes, state], signal)) !== header.sha256) throw corrupt(path, 'is damaged');
    return { tokens: fromLittleEndian(tokenBytes), prefix: header.prefix, state, bytes: size };
  } catch (error) {
    throw fromSystemError(error, `the saved state ${path}`);
  } finally {
    await file?.close();
  }
}

/** A pipe or device would be waited for without end. */
async function regularFile(path: string): Promise<{ size: number }> {
  const found = await stat(path);
  if (found.isFile()) return found;
  throw new EngramError('disk', `The saved state is no file: ${path}.`, { details: { path } });
}

async function readHeader(file: FileHandle, path: string, size: number): Promise<{ header: Header; end: number }> {
  const fixed = await readPiece(file, 0, FIXED_BYTES);
  if (fixed.length < FIXED_BYTES || !fixed.subarray(0, MARK.length).equals(MARK)) {
    throw corrupt(path, 'is no saved state, or breaks off');
  }
  const version = fixed.readUInt32LE(MARK.length);
  if (version !== VERSION) {
    throw new EngramError('unsupported', `The saved state ${path} has version ${version}, not ${VERSION}.`, {
      hint: 'A newer engram may have written it. It only saves time and may be deleted.',
      details: { path, version },
    });
  }
  const length = fixed.readUInt32LE(MARK.length + 4);
  if (length > Math.min(MOST_HEADER_BYTES, size)) throw corrupt(path, 'is damaged');
  const json = await readPiece(file, FIXED_BYTES, length);
  const hash = createHash('sha256').update(json).digest();
  if (!hash.equals(fixed.subarray(FIXED_BYTES - HASH_BYTES))) throw corrupt(path, 'is damaged');
  const header = headerFrom(json);
  const end = FIXED_BYTES + length;
  if (header === undefined || end + header.tokens * 4 + header.stateBytes !== size) throw corrupt(path, 'is damaged');
  return { header, end };
}

/** Undefined for what is no header, which only somebody who made its hash can have written. */
function headerFrom(json: Buffer): Header | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { tokens, prefix, stateBytes, lanes, block, context, adapters, kernels, ...texts } = value as Header;
  const isCount = (count: unknown) =>
    typeof count === 'number' && Number.isInteger(count) && count >= 0 && count < 2 ** 48;
  if (![tokens, prefix, stateBytes, lanes, block].every(isCount) || tokens === 0 || stateBytes === 0) return undefined;
  if (context !== null && !isCount(context)) return undefined;
  if (kernels !== null && typeof kernels !== 'string') return undefined;
  for (const text of [texts.sha256, texts.model, texts.build, texts.cacheType]) {
    if (typeof text !== 'string') return undefined;
  }
  if (!Array.isArray(adapters)) return undefined;
  return value as Header;
}

function requireSame(header: Header, binding: StateBinding, contextSize: number, path: string): void {
  const mismatch = (what: string): EngramError =>
    new EngramError('mismatch', `The saved state ${path} does not fit: ${what}.`, {
      hint: 'It only saves time: without it the conversation is computed again.',
      details: { path },
    });
  if (header.model !== binding.model) throw mismatch('it was computed with another model');
  if (JSON.stringify(header.adapters) !== JSON.stringify(binding.adapters)) {
    throw mismatch('it was computed with other adapters');
  }
  if (header.build !== binding.build) throw mismatch('it was computed with another build of llama.cpp');
  if (header.cacheType !== binding.cacheType) {
    throw mismatch(`its numbers are ${header.cacheType}, not ${binding.cacheType}`);
  }
  if (header.kernels !== binding.kernels) throw mismatch('it was computed by other kernels');
  if (header.lanes !== binding.lanes) {
    throw mismatch(`it was computed for ${header.lanes} answers at the same time, not ${binding.lanes}`);
  }
  if (header.block !== binding.block) {
    throw mismatch(`it was computed by ${header.block} tokens at once, not ${binding.block}`);
  }
  if (header.context !== binding.context) throw mismatch(`it was computed for a context of ${header.context} tokens`);
  if (header.tokens > contextSize) {
    throw mismatch(`it has ${header.tokens} tokens, and the context holds ${contextSize}`);
  }
}

function corrupt(path: string, what: string): EngramError {
  return new EngramError('corrupt', `The saved state ${path} ${what}.`, {
    hint: 'Delete it. It only saves time: without it the conversation is computed again.',
    details: { path },
  });
}

/** Shorter than asked for where the file ends. */
async function readPiece(file: FileHandle, from: number, bytes: number, signal?: AbortSignal): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let at = 0;
  while (at < bytes) {
    throwIfCancelled(signal);
    const { bytesRead } = await file.read(buffer, at, Math.min(PIECE, bytes - at), from + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return buffer.subarray(0, at);
}

async function hashOf(parts: readonly Uint8Array[], signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE) {
      throwIfCancelled(signal);
      hash.update(part.subarray(at, at + PIECE));
      await breathe();
    }
  }
  return hash.digest('hex');
}

function littleEndian(tokens: Uint32Array): Buffer {
  const bytes = Buffer.alloc(tokens.length * 4);
  tokens.forEach((token, i) => bytes.writeUInt32LE(token, i * 4));
  return bytes;
}

function fromLittleEndian(bytes: Buffer): Uint32Array {
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
}
