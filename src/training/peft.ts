// An adapter in the form of PEFT: adapter_model.safetensors and adapter_config.json, with the tensor names and the order of
// rows that Hugging Face's models have. Not here: reading such files (from-peft.ts), finding the
// adapter and writing files (adapters.ts).
import { EngramError } from '../errors.js';
import type { AdapterFile } from './adapter-gguf.js';
import { FUSED, MODULES, reordered, type Heads } from './peft-names.js';
import { toSafetensors, type NamedTensor } from './safetensors.js';
import type { TargetModule } from './types.js';

export interface PeftFiles {
  'adapter_model.safetensors': Uint8Array;
  'adapter_config.json': string;
}

export interface PeftOptions extends Heads {
  /** What `base_model_name_or_path` is to say: a name on the Hugging Face hub, or a folder. */
  baseModel: string;
  /** Says it is rsLoRA. The values mean the same either way; it matters to who trains on. Default false. */
  rankStabilized?: boolean;
}

/** Throws `unsupported` for tensors that PEFT has no place for, `corrupt` if shapes do not fit together. */
export function toPeft(adapter: AdapterFile, options: PeftOptions): PeftFiles {
  if (FUSED.has(adapter.architecture)) {
    throw new EngramError('unsupported', `Adapters of ${adapter.architecture} cannot be exported for PEFT yet.`);
  }
  const tensors: NamedTensor[] = [];
  const ranks = new Map<string, number>();
  for (const matrix of adapter.matrices) {
    const { layer, path, side } = parseName(matrix.name);
    const rank = side === 'A' ? matrix.rows : matrix.columns;
    const module = `layers.${layer}.${path}`;
    if ((ranks.get(module) ?? rank) !== rank) {
      throw new EngramError('corrupt', `The halves of ${matrix.name} have different ranks.`);
    }
    ranks.set(module, rank);
  }
  if (ranks.size === 0) throw new EngramError('unsupported', 'An adapter needs tensors.');
  const { rankStabilized = false } = options;
  const largest = Math.max(...ranks.values());
  const alpha = rankStabilized ? adapter.alpha / Math.sqrt(largest) : adapter.alpha;
  for (const matrix of adapter.matrices) {
    const { layer, path, target, side } = parseName(matrix.name);
    // llama.cpp multiplies with alpha / rank whatever the rank, rsLoRA's PEFT with alpha / sqrt(rank).
    const factor = rankStabilized && side === 'B' ? Math.sqrt(largest / matrix.columns) : 1;
    const values = side === 'B' ? reordered(matrix, target, adapter.architecture, options, 'peft') : matrix.values;
    tensors.push({
      name: `base_model.model.model.layers.${layer}.${path}.lora_${side}.weight`,
      shape: [matrix.rows, matrix.columns],
      values: factor === 1 ? values : values.map((value) => value * factor),
    });
  }
  return {
    'adapter_model.safetensors': toSafetensors(tensors, { format: 'pt' }),
    'adapter_config.json': config(ranks, alpha, options),
  };
}

function parseName(name: string): { layer: number; path: string; target: TargetModule; side: 'A' | 'B' } {
  const match = /^blk\.(\d+)\.(\w+)\.weight\.lora_([ab])$/.exec(name);
  const found = match === null ? undefined : MODULES[match[2]!];
  if (match === null || found === undefined) {
    throw new EngramError('unsupported', `PEFT has no place for the tensor ${name}.`);
  }
  return { layer: Number(match[1]), ...found, side: match[3] === 'a' ? 'A' : 'B' };
}

/** `ranks` by module, e.g. `layers.3.mlp.up_proj`. */
function config(ranks: ReadonlyMap<string, number>, alpha: number, options: PeftOptions): string {
  const rank = mostCommon([...ranks.values()]);
  const others = [...ranks].filter(([, one]) => one !== rank);
  return JSON.stringify(
    {
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: options.baseModel,
      r: rank,
      rank_pattern: Object.fromEntries(others),
      lora_alpha: alpha,
      alpha_pattern: {},
      lora_dropout: 0,
      ...modulesOf([...ranks.keys()]),
      bias: 'none',
      fan_in_fan_out: false,
      init_lora_weights: true,
      inference_mode: true,
      modules_to_save: null,
      use_dora: false,
      use_rslora: options.rankStabilized ?? false,
    },
    undefined,
    2,
  );
}

/** The same projections of some layers where that says it all, else every module by its whole name. */
function modulesOf(modules: readonly string[]): object {
  const layers = new Set(modules.map((module) => Number(module.split('.')[1])));
  const names = new Set(modules.map((module) => module.slice(module.lastIndexOf('.') + 1)));
  if (modules.length < layers.size * names.size) {
    return { target_modules: modules.map((module) => `model.${module}`).sort() };
  }
  return {
    target_modules: [...names].sort(),
    layers_to_transform: [...layers].sort((a, b) => a - b),
    layers_pattern: 'layers',
  };
}

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}
