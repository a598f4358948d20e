// A copy of a GGUF whose weights are all F32, so that llama.cpp computes with it without rounding. Only for the types that
// the test model has; metadata is copied as it is.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { readGgufHeader } from '../../src/models/index.js';
import type { GgufTensor } from '../../src/models/gguf.js';

type Dequantise = (block: Buffer, out: Float32Array, at: number) => void;

/** By type number: bytes of a block of `values` weights, and what they mean. */
const TYPES: Readonly<Record<number, { bytes: number; values: number; dequantise: Dequantise }>> = {
  0: { bytes: 4, values: 1, dequantise: (block, out, at) => (out[at] = block.readFloatLE(0)) },
  // Q4_1: scale, minimum, then low nibbles of the first half and high nibbles of the second.
  3: {
    bytes: 20,
    values: 32,
    dequantise(block, out, at) {
      const scale = half(block.readUInt16LE(0));
      const minimum = half(block.readUInt16LE(2));
      for (let i = 0; i < 16; i++) {
        out[at + i] = (block[4 + i]! & 15) * scale + minimum;
        out[at + 16 + i] = (block[4 + i]! >> 4) * scale + minimum;
      }
    },
  },
  // Q8_0: scale, then signed bytes.
  8: {
    bytes: 34,
    values: 32,
    dequantise(block, out, at) {
      const scale = half(block.readUInt16LE(0));
      for (let i = 0; i < 32; i++) out[at + i] = block.readInt8(2 + i) * scale;
    },
  },
};

export function writeDequantised(from: string, to: string): void {
  const { tensors } = readGgufHeader(from);
  const bytes = readFileSync(from);
  const file = openSync(to, 'w');
  try {
    const metadata = bytes.subarray(0, bytes.indexOf(described(tensors[0]!, tensors[0]!.type)));
    let offset = 0;
    const places = tensors.map((tensor) => {
      const place = Buffer.alloc(8);
      place.writeBigUInt64LE(BigInt(offset));
      offset += Math.ceil((4 * count(tensor)) / 32) * 32;
      return Buffer.concat([described(tensor, 0), place]);
    });
    const head = padded(Buffer.concat([metadata, ...places]));
    writeSync(file, head);
    for (const tensor of tensors) writeSync(file, padded(values(bytes, tensor)));
  } finally {
    closeSync(file);
  }
}

/** A tensor's entry in the header, without its offset. */
function described({ name, dimensions }: GgufTensor, type: number): Buffer {
  const out = Buffer.alloc(8 + name.length + 4 + 8 * dimensions.length + 4);
  let at = out.writeBigUInt64LE(BigInt(name.length), 0);
  at += out.write(name, at, 'latin1');
  at = out.writeUInt32LE(dimensions.length, at);
  for (const dimension of dimensions) at = out.writeBigUInt64LE(BigInt(dimension), at);
  out.writeUInt32LE(type, at);
  return out;
}

function values(bytes: Buffer, tensor: GgufTensor): Buffer {
  const type = TYPES[tensor.type];
  if (type === undefined) throw new Error(`${tensor.name} has type ${tensor.type}`);
  const out = new Float32Array(count(tensor));
  for (let at = 0, place = tensor.offset; at < out.length; at += type.values, place += type.bytes) {
    type.dequantise(bytes.subarray(place, place + type.bytes), out, at);
  }
  return Buffer.from(out.buffer);
}

const count = (tensor: GgufTensor): number => tensor.dimensions.reduce((a, b) => a * b, 1);

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)]);

/** An IEEE half as a number. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
