// Reads a safetensors file of weights: length of the header (u64, little-endian), header as JSON, then the data. Every length in
// it is checked. Not here: what the tensors are for (bert.ts).
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';

export interface Weights {
  /** The values of a tensor, which must have this shape; a copy. Throws RangeError. */
  get: (name: string, shape: readonly number[]) => Float32Array<ArrayBuffer>;
  has: (name: string) => boolean;
}

interface Entry {
  dtype: string;
  shape: number[];
  start: number;
  end: number;
}

/** Throws RangeError for a file that is not what it says, and errors of the file system. */
export async function readSafetensors(path: string): Promise<Weights> {
  const file = await readFile(path);
  if (endianness() !== 'LE') throw new RangeError('weights can be read on little-endian machines only');
  const entries = readHeader(file);
  return {
    has: (name) => entries.has(name),
    get: (name, shape) => {
      const entry = entries.get(name);
      if (entry === undefined) throw new RangeError(`there is no tensor ${name}`);
      if (entry.shape.join() !== shape.join()) {
        throw new RangeError(`${name} has the shape [${entry.shape.join()}] instead of [${shape.join()}]`);
      }
      return toFloats(file.subarray(entry.start, entry.end), entry.dtype, name);
    },
  };
}

function readHeader(file: Buffer): Map<string, Entry> {
  const headerBytes = file.length < 8 ? 0n : file.readBigUInt64LE(0);
  if (headerBytes < 2n || headerBytes > BigInt(file.length - 8)) throw new RangeError('its header is cut short');
  const data = 8 + Number(headerBytes);
  let header: unknown;
  try {
    header = JSON.parse(file.toString('utf8', 8, data));
  } catch {
    throw new RangeError('its header is no JSON');
  }
  const entries = new Map<string, Entry>();
  for (const [name, value] of Object.entries((header ?? {}) as Record<string, unknown>)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    const isSound =
      typeof dtype === 'string' &&
      areCounts(shape) &&
      areCounts(offsets) &&
      offsets.length === 2 &&
      offsets[0]! <= offsets[1]!;
    if (!isSound || data + offsets[1]! > file.length) throw new RangeError(`its entry ${name} is broken`);
    entries.set(name, { dtype, shape, start: data + offsets[0]!, end: data + offsets[1]! });
  }
  for (const [name, { dtype, shape, start, end }] of entries) {
    const elements = shape.reduce((product, size) => product * size, 1);
    const bytes = BYTES[dtype];
    if (bytes !== undefined && elements * bytes !== end - start) throw new RangeError(`${name} has another length`);
  }
  return entries;
}

const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

function toFloats(bytes: Buffer, dtype: string, name: string): Float32Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes).buffer; // aligned
  if (dtype === 'F32') return new Float32Array(copy);
  const halves = new Uint16Array(copy);
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  if (dtype === 'F16') return Float32Array.from(halves, halfToFloat);
  throw new RangeError(`${name} is of the type ${dtype}; it must be F32, F16 or BF16`);
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}
