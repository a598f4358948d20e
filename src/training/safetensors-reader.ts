// Reads tensors of F32, F16 and BF16 out of a safetensors file, all as F32, which holds them exactly. Every length is checked
// against the file before it is used. Not here: other types, files in several parts, and pickled ones (.bin).
import { open, type FileHandle } from 'node:fs/promises';
import { EngramError, fromSystemError } from '../errors.js';
import { isObject } from '../is-object.js';
import type { NamedTensor } from './safetensors.js';

/** Bytes; what the format's own reader allows. */
const LONGEST_HEADER = 100e6;

const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/** Throws `not_found`, `disk`, `corrupt` (not the format, cut short, values that are no numbers), `unsupported` (another type). */
export async function readSafetensors(path: string): Promise<NamedTensor[]> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await readAll(file, path);
  } catch (error) {
    throw fromSystemError(error, path);
  } finally {
    await file?.close();
  }
}

async function readAll(file: FileHandle, path: string): Promise<NamedTensor[]> {
  const stat = await file.stat();
  if (!stat.isFile()) throw broken(path, 'it is not a file');
  const { size } = stat;
  if (size < 8) throw broken(path, 'it is too short');
  const length = Number((await bytesAt(file, path, 0, 8)).readBigUInt64LE());
  if (length > LONGEST_HEADER || length > size - 8) throw broken(path, `its header would have ${length} bytes`);
  const header = parseHeader((await bytesAt(file, path, 8, length)).toString('utf8'), path);
  const tensors: NamedTensor[] = [];
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, start, end } = checkInfo(name, info, size - 8 - length, path);
    const values = toFloats(dtype, await bytesAt(file, path, 8 + length + start, end - start));
    if (!values.every(Number.isFinite)) throw broken(path, `${name} holds values that are not finite numbers`);
    tensors.push({ name, shape, values });
  }
  return tensors;
}

function parseHeader(json: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new EngramError('corrupt', `${path} is not a safetensors file: its header is not JSON.`, { cause: error });
  }
  if (!isObject(value)) throw broken(path, 'its header is not an object');
  return value;
}

interface TensorInfo {
  dtype: string;
  shape: number[];
  start: number;
  end: number;
}

function checkInfo(name: string, given: unknown, dataBytes: number, path: string): TensorInfo {
  const { dtype, shape, data_offsets: offsets } = (given ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !areSizes(shape) || !areSizes(offsets) || offsets.length !== 2) {
    throw broken(path, `${name} is not described`);
  }
  const bytes = BYTES[dtype];
  if (bytes === undefined) {
    throw new EngramError('unsupported', `${path}: ${name} has the type ${dtype}; F32, F16 and BF16 can be read.`);
  }
  const [start, end] = offsets as [number, number];
  const wanted = shape.reduce((product, one) => product * one, bytes);
  if (end - start !== wanted || end > dataBytes) throw broken(path, `${name} does not lie within it`);
  return { dtype, shape, start, end };
}

function areSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

async function bytesAt(file: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw broken(path, 'it ends too early');
    done += bytesRead;
  }
  return buffer;
}

function toFloats(dtype: string, bytes: Buffer): Float32Array {
  const values = new Float32Array(bytes.length / BYTES[dtype]!);
  if (dtype === 'F32') for (let i = 0; i < values.length; i++) values[i] = bytes.readFloatLE(4 * i);
  else if (dtype === 'F16') for (let i = 0; i < values.length; i++) values[i] = fromHalf(bytes.readUInt16LE(2 * i));
  else {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < values.length; i++) bits[i] = bytes.readUInt16LE(2 * i) * 65_536;
  }
  return values;
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function broken(path: string, why: string): EngramError {
  return new EngramError('corrupt', `${path} is not a sound safetensors file: ${why}.`);
}
