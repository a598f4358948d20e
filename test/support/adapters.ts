// Writes LoRA adapters of random numbers for a real model: enough to change its answers, made in milliseconds. Not here:
// adapters that have learned something.
import { writeFileSync } from 'node:fs';
import { readGgufHeader } from '../../src/models/index.js';
import { string, u32, u64 } from '../unit/models/tiny-gguf.js';

export interface RandomAdapter {
  seed: number;
  /** The largest value of B; A's is 1. Default 0.02: other answers, still words. */
  strength?: number;
  rank?: number;
  /** Which weights get a pair. Default: attn_q and ffn_down of the first ten layers. */
  of?: (name: string) => boolean;
  architecture?: string;
  /** Sizes of A and B, changed. */
  shape?: (input: number, output: number) => [input: number, output: number];
  /** Values, in place of random ones. */
  value?: () => number;
}

export function writeAdapter(path: string, modelPath: string, options: RandomAdapter): void {
  const { seed, strength = 0.02, rank = 4, architecture = 'llama' } = options;
  const shape = options.shape ?? ((input: number, output: number): [number, number] => [input, output]);
  const of = options.of ?? ((name: string) => /^blk\.\d\.(attn_q|ffn_down)\.weight$/.test(name));
  const random = options.value ?? generator(seed);
  const pairs = readGgufHeader(modelPath)
    .tensors.filter(({ name }) => of(name))
    .flatMap(({ name, dimensions }) => {
      const [wide, high] = shape(dimensions[0]!, dimensions[1]!);
      return [
        { name: `${name}.lora_a`, dimensions: [wide, rank], scale: 1 },
        { name: `${name}.lora_b`, dimensions: [rank, high], scale: strength },
      ];
    });
  const alpha = Buffer.alloc(4);
  alpha.writeFloatLE(rank);
  const text = (key: string, value: string) => [string(key), u32(8), string(value)];
  const parts = [Buffer.from('GGUF'), u32(3), u64(pairs.length), u64(4)];
  parts.push(...text('general.type', 'adapter'), ...text('general.architecture', architecture));
  parts.push(...text('adapter.type', 'lora'), string('adapter.lora.alpha'), u32(6), alpha);
  let offset = 0;
  for (const { name, dimensions } of pairs) {
    parts.push(string(name), u32(2), ...dimensions.map(u64), u32(0), u64(offset));
    offset += align(4 * dimensions[0]! * dimensions[1]!);
  }
  const header = Buffer.concat(parts);
  parts.push(Buffer.alloc(align(header.length) - header.length));
  for (const { dimensions, scale } of pairs) {
    const values = Float32Array.from({ length: dimensions[0]! * dimensions[1]! }, () => scale * random());
    parts.push(Buffer.from(values.buffer), Buffer.alloc(align(values.byteLength) - values.byteLength));
  }
  writeFileSync(path, Buffer.concat(parts));
}

const align = (length: number): number => Math.ceil(length / 32) * 32;

/** Numbers from -1 to 1. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
