// The LoRA options with which a stored adapter can be loaded again: what its manifest says, and the rank of every matrix as its file
// has it, which differ after --ranks, merging or shrinking. Not here: reading values (C++).
import { readGgufHeader, type GgufHeader } from '../models/index.js';
import type { AdapterManifest } from './manifest.js';
import type { LoraOptions, TargetModule } from './types.js';

/** By what a GGUF calls their tensors. */
const TARGETS_BY_TENSOR: Readonly<Record<string, TargetModule>> = {
  attn_q: 'q',
  attn_k: 'k',
  attn_v: 'v',
  attn_output: 'o',
  ffn_gate: 'gate',
  ffn_up: 'up',
  ffn_down: 'down',
};
/** Architectures whose tensors hold several matrices: there the ranks of a file are not those of the matrices. */
const FUSED: ReadonlySet<string> = new Set(['phi3']);

export function loraOfFile(manifest: AdapterManifest, path: string): LoraOptions {
  const { rank, alpha, targets, layers, kind = 'lora', base } = manifest;
  const given: LoraOptions = { rank, alpha, targets, layers, kind };
  const ranks = new Map<string, number>();
  for (const { name, dimensions } of tensorsOf(path)) {
    const [, layer, tensor] = /^blk\.(\d+)\.(\w+)\.weight\.lora_a$/.exec(name) ?? [];
    const target = tensor === undefined ? undefined : TARGETS_BY_TENSOR[tensor];
    if (layer !== undefined && target !== undefined) ranks.set(`${Number(layer)}.${target}`, dimensions[1] ?? 0);
  }
  if (FUSED.has(base.architecture) || ranks.size === 0) return given;
  const rankPattern: Record<string, number> = {};
  for (let layer = layers[0]; layer <= layers[1]; layer++) {
    for (const target of targets) {
      const own = ranks.get(`${layer}.${target}`) ?? 0;
      if (own !== rank) rankPattern[`${layer}.${target}`] = own;
    }
  }
  return Object.keys(rankPattern).length === 0 ? given : { ...given, rankPattern };
}

/** Of a file that cannot be read none: who loads it says what is wrong with it. */
function tensorsOf(path: string): GgufHeader['tensors'] {
  try {
    return readGgufHeader(path).tensors;
  } catch {
    return [];
  }
}
