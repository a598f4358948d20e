// Writes the header of a GGUF file (version 3, little-endian): metadata and the list of tensors. Not here: the tensors' data,
// which its caller writes after it, and reading (gguf.ts).

/** Where each tensor's data begins is a multiple of it, in bytes. */
export const GGUF_ALIGNMENT = 32;

export type GgufKind = 'string' | 'float32' | 'uint16' | 'uint32' | 'uint64' | 'int32' | 'bool';

export interface TensorToWrite {
  name: string;
  /** Innermost first. */
  dimensions: readonly number[];
  /** Number of a ggml type, 0 for F32. */
  type: number;
  /** Of its data. */
  bytes: number;
}

const NUMBERS: Readonly<Record<GgufKind, number>> = {
  uint16: 2,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  uint64: 10,
};

/** One key of the metadata with its value, as they lie in a file. */
export function ggufEntry(key: string, kind: GgufKind, value: string | number | boolean): Buffer {
  return Buffer.concat([text(key), u32(NUMBERS[kind]), encoded(kind, value)]);
}

/** The beginning of a file up to its data, padded; the data of each tensor follows, in this order, each padded to GGUF_ALIGNMENT. */
export function ggufHeader(entries: readonly Buffer[], tensors: readonly TensorToWrite[]): Buffer {
  return ggufHeaderOf(Buffer.concat(entries), entries.length, tensors);
}

/** As ggufHeader(), of metadata that lie one after the other already. */
export function ggufHeaderOf(metadata: Uint8Array, count: number, tensors: readonly TensorToWrite[]): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(count), metadata];
  let offset = 0;
  for (const { name, dimensions, type, bytes } of tensors) {
    parts.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset));
    offset += padded(bytes);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length)]);
}

/** Bytes with the padding that follows them. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
}

function encoded(kind: GgufKind, value: string | number | boolean): Buffer {
  if (kind === 'string') return text(String(value));
  if (kind === 'bool') return Buffer.from([value === true ? 1 : 0]);
  if (kind === 'uint64') return u64(Number(value));
  const bytes = Buffer.alloc(kind === 'uint16' ? 2 : 4);
  if (kind === 'uint16') bytes.writeUInt16LE(Number(value));
  else if (kind === 'uint32') bytes.writeUInt32LE(Number(value));
  else if (kind === 'int32') bytes.writeInt32LE(Number(value));
  else bytes.writeFloatLE(Number(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
