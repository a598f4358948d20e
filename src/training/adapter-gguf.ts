// Reads a LoRA adapter out of a GGUF file (versions 2 and 3, little-endian), to export it, and writes one that was imported. Every
// length is checked against the file before it is used. Not here: other GGUFs, and adapters that were trained here (C++).
import { open, readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { EngramError, fromSystemError } from '../errors.js';
import { ggufEntry, ggufHeader, padded } from '../models/index.js';

export interface AdapterMatrix {
  /** As in llama.cpp, e.g. `blk.3.attn_q.weight.lora_a`. */
  name: string;
  /** Row-major: A is [rank, in], B is [out, rank]. */
  rows: number;
  columns: number;
  values: Float32Array;
}

export interface AdapterFile {
  architecture: string;
  alpha: number;
  matrices: AdapterMatrix[];
}

/** Throws `not_found`, `corrupt` (not a GGUF, cut short, wrong numbers) or `unsupported` (not an F32 LoRA adapter). */
export async function readAdapterFile(path: string): Promise<AdapterFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fromSystemError(error, path);
  }
  return parseAdapter(bytes, path);
}

/** Writes a file, as a whole or not at all only where its folder is (adapters.ts). Throws `disk`. */
export async function writeAdapterFile(path: string, { architecture, alpha, matrices }: AdapterFile): Promise<void> {
  const entries = [
    ggufEntry('general.type', 'string', 'adapter'),
    ggufEntry('general.architecture', 'string', architecture),
    ggufEntry('adapter.type', 'string', 'lora'),
    ggufEntry('adapter.lora.alpha', 'float32', alpha),
  ];
  const tensors = matrices.map(({ name, rows, columns, values }) => {
    return { name, dimensions: [columns, rows], type: 0, bytes: values.byteLength };
  });
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(ggufHeader(entries, tensors));
      for (const { values } of matrices) await file.writeFile(littleEndian(values));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** With the padding that follows them. */
function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(padded(values.byteLength));
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(bytes);
  return endianness() === 'LE' ? bytes : bytes.swap32();
}

/** Sizes of the metadata kinds in bytes, by their number; string (8) and array (9) have lengths of their own. */
const KIND_BYTES: readonly (number | undefined)[] = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;

function parseAdapter(bytes: Buffer, path: string): AdapterFile {
  const reader = new Reader(bytes, path);
  if (reader.uint32() !== 0x46554747) reader.fail('it does not start with "GGUF"');
  const version = reader.uint32();
  if (version !== 2 && version !== 3) {
    throw new EngramError('unsupported', `${path} is GGUF version ${version}; 2 and 3 can be read.`);
  }
  // A tensor takes at least 24 bytes of the header, a metadata entry 13.
  const tensorCount = reader.count(24);
  const metadataCount = reader.count(13);
  const metadata = new Map<string, string | number | undefined>();
  for (let i = 0; i < metadataCount; i++) metadata.set(reader.string(), reader.value(reader.uint32()));
  const tensors = Array.from({ length: tensorCount }, () => readTensorInfo(reader, path));
  const given = metadata.get('general.alignment') ?? 32;
  const alignment = typeof given === 'number' && given > 0 && given % 8 === 0 ? given : reader.fail('bad alignment');

  const kind = metadata.get('general.type');
  if (kind !== 'adapter' || metadata.get('adapter.type') !== 'lora') {
    throw new EngramError('unsupported', `${path} is not a LoRA adapter.`);
  }
  const architecture = metadata.get('general.architecture');
  const alpha = metadata.get('adapter.lora.alpha');
  if (typeof architecture !== 'string') return reader.fail('it does not name its architecture');
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) return reader.fail('it has no alpha');
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const matrices = tensors.map(({ name, rows, columns, offset }) => ({
    name,
    rows,
    columns,
    values: reader.floats(dataStart + offset, rows * columns),
  }));
  return { architecture, alpha, matrices };
}

interface TensorInfo {
  name: string;
  rows: number;
  columns: number;
  offset: number;
}

function readTensorInfo(reader: Reader, path: string): TensorInfo {
  const name = reader.string();
  const dimensions = reader.uint32();
  if (dimensions !== 2) throw new EngramError('unsupported', `${path}: ${name} is not a matrix.`);
  const columns = reader.uint64();
  const rows = reader.uint64();
  const type = reader.uint32();
  if (type !== 0) throw new EngramError('unsupported', `${path}: ${name} is not stored as F32.`);
  return { name, rows, columns, offset: reader.uint64() };
}

class Reader {
  position = 0;
  readonly #bytes: Buffer;
  readonly #path: string;

  constructor(bytes: Buffer, path: string) {
    this.#bytes = bytes;
    this.#path = path;
  }

  fail(what: string): never {
    throw new EngramError('corrupt', `${this.#path} is not a sound GGUF file: ${what}.`, {
      details: { position: this.position },
    });
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  /** At most 2^53 - 1. */
  uint64(): number {
    const value = Number(this.#bytes.readBigUInt64LE(this.#advance(8)));
    return Number.isSafeInteger(value) ? value : this.fail('a number is too large');
  }

  /** A number of things that take at least `least` bytes each. */
  count(least: number): number {
    const value = this.uint64();
    return value * least <= this.#bytes.length - this.position ? value : this.fail('it ends too early');
  }

  string(): string {
    const length = this.uint64();
    const start = this.#advance(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** A metadata value: strings and 32-bit numbers are returned, the rest is skipped. */
  value(kind: number): string | number | undefined {
    if (kind === STRING) return this.string();
    if (kind === ARRAY) {
      const element = this.uint32();
      if (element === ARRAY) this.fail('an array of arrays');
      const count = this.count(KIND_BYTES[element] ?? 8);
      for (let i = 0; i < count; i++) this.value(element);
      return undefined;
    }
    const size = KIND_BYTES[kind];
    if (size === undefined) this.fail('metadata of an unknown kind');
    const at = this.#advance(size);
    if (kind === FLOAT32) return this.#bytes.readFloatLE(at);
    return size === 4 ? this.#bytes.readUInt32LE(at) : undefined;
  }

  /** Finite values at a place in the file. */
  floats(start: number, count: number): Float32Array {
    const size = count * 4;
    if (!Number.isSafeInteger(start + size) || start + size > this.#bytes.length) this.fail('it ends too early');
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = this.#bytes.readFloatLE(start + 4 * i);
    if (!out.every(Number.isFinite)) this.fail('it holds values that are not finite numbers');
    return out;
  }

  #advance(size: number): number {
    const at = this.position;
    if (size > this.#bytes.length - at) this.fail('it ends too early');
    this.position = at + size;
    return at;
  }
}
