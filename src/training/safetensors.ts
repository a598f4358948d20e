// Writes F32 tensors in the safetensors format: length of the header (u64, little-endian), header as JSON, then the data.
// The header is padded to a multiple of eight, as its readers want. Not here: reading, and other types.
import { endianness } from 'node:os';

export interface NamedTensor {
  name: string;
  /** Slowest dimension first. */
  shape: readonly number[];
  values: Float32Array;
}

/** The bytes of a file with these tensors, in the order of their names. */
export function toSafetensors(tensors: readonly NamedTensor[], metadata: Record<string, string> = {}): Uint8Array {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, values } of sorted) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += values.byteLength)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = Buffer.alloc(8 + headerBytes + end, ' ');
  out.writeBigUInt64LE(BigInt(headerBytes), 0);
  json.copy(out, 8);
  let at = 8 + headerBytes;
  for (const { values } of sorted) {
    littleEndian(values).copy(out, at);
    at += values.byteLength;
  }
  return out;
}

function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32();
}
