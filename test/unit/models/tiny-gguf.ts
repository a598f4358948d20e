// Makes small GGUF files byte by byte, sound and broken ones. Used by the tests of reading them.

type Value = string | number | boolean | string[] | number[];

export interface TinyGguf {
  metadata?: Record<string, Value>;
  tensors?: { name: string; dimensions: number[]; type: number; bytes: number }[];
  version?: number;
}

export const LANGUAGE_MODEL: Required<Pick<TinyGguf, 'metadata' | 'tensors'>> = {
  metadata: {
    'general.architecture': 'llama',
    'general.name': 'Tiny',
    'general.file_type': 3,
    'llama.block_count': 2,
    'llama.context_length': 256,
    'llama.embedding_length': 64,
    'llama.feed_forward_length': 96,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.tokens': ['a', 'b', 'c', 'd'],
    'tokenizer.chat_template': '{{ messages }}',
  },
  tensors: [
    { name: 'token_embd.weight', dimensions: [64, 4], type: 3, bytes: (256 / 32) * 20 },
    { name: 'output_norm.weight', dimensions: [64], type: 0, bytes: 256 },
  ],
};

/** The bytes of a GGUF; the tensors' data is zeros. */
export function tinyGguf({ metadata = {}, tensors = [], version = 3 }: TinyGguf): Buffer {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) parts.push(string(key), ...typed(value));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(string(tensor.name), u32(tensor.dimensions.length), ...tensor.dimensions.map(u64));
    parts.push(u32(tensor.type), u64(offset));
    offset += align(tensor.bytes);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(align(header.length) - header.length + offset)]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

const align = (length: number): number => Math.ceil(length / 32) * 32;

function typed(value: Value): Buffer[] {
  if (typeof value === 'string') return [u32(8), string(value)];
  if (typeof value === 'boolean') return [u32(7), Buffer.from([value ? 1 : 0])];
  if (typeof value === 'number') return [u32(4), u32(value)];
  const isText = typeof value[0] === 'string';
  const items = value.map((item) => (typeof item === 'string' ? string(item) : u32(item)));
  return [u32(9), u32(isText ? 8 : 4), u64(value.length), ...items];
}
