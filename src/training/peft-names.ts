// What the matrices of an adapter are called by llama.cpp and by PEFT, and how the rows of each lie: for both ways between them
// (peft.ts, from-peft.ts).
import { EngramError } from '../errors.js';
import type { AdapterMatrix } from './adapter-gguf.js';
import type { TargetModule } from './types.js';

/** Attention heads of the base model, and those of keys and values. */
export interface Heads {
  heads: number;
  keyValueHeads: number;
}

/** By llama.cpp's name of a tensor, in the order in which engram's adapters have them. */
export const MODULES: Readonly<Record<string, { target: TargetModule; path: string }>> = {
  attn_q: { target: 'q', path: 'self_attn.q_proj' },
  attn_k: { target: 'k', path: 'self_attn.k_proj' },
  attn_v: { target: 'v', path: 'self_attn.v_proj' },
  attn_output: { target: 'o', path: 'self_attn.o_proj' },
  ffn_gate: { target: 'gate', path: 'mlp.gate_proj' },
  ffn_up: { target: 'up', path: 'mlp.up_proj' },
  ffn_down: { target: 'down', path: 'mlp.down_proj' },
};

/** Architectures whose q and k rows llama.cpp stores interleaved; the others keep Hugging Face's order. */
const INTERLEAVED: ReadonlySet<string> = new Set(['llama', 'mistral3', 'smollm3']);

/** Architectures whose tensors hold several matrices, which have other names in Hugging Face's models. */
export const FUSED: ReadonlySet<string> = new Set(['phi3']);

/** The values of a B in the order of rows that `form` has. llama.cpp rotates neighbouring rows of a head, Hugging Face row i with
 * row i + half: there row 2i + c of a head is row c · half + i. Only q and k are rotated, and only B has their rows. Throws
 * `corrupt` if the rows cannot be those of the heads. */
export function reordered(
  matrix: AdapterMatrix,
  target: TargetModule,
  architecture: string,
  { heads, keyValueHeads }: Heads,
  form: 'gguf' | 'peft',
): Float32Array {
  if (!INTERLEAVED.has(architecture) || (target !== 'q' && target !== 'k')) return matrix.values;
  const { rows, columns, values, name } = matrix;
  const half = rows / (target === 'q' ? heads : keyValueHeads) / 2;
  if (!Number.isInteger(half)) {
    throw new EngramError('corrupt', `The ${rows} rows of ${name} cannot be those of the model's attention heads.`);
  }
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const within = row % (2 * half);
    const inPeft = row - within + (within % 2) * half + Math.floor(within / 2);
    const [from, to] = form === 'peft' ? [row, inPeft] : [inPeft, row];
    out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  }
  return out;
}
