// What PEFT's adapter_config.json says of an adapter. What it may ask for and llama.cpp's adapters cannot hold is refused by its
// name: later versions of PEFT will have more of it, so anything that is switched on and not known here is refused, too.
import { EngramError } from '../errors.js';
import { isObject } from '../is-object.js';

export type PeftConfig = Readonly<Record<string, unknown>>;

export interface CheckedPeftConfig {
  alpha: number;
  rankStabilized: boolean;
  /** What it says that it was trained on. */
  baseModel: string | undefined;
  /** By a module's name, e.g. `model.layers.3.mlp.up_proj`. */
  alphaOf: (module: string) => number;
}

/** Says how training went, or which modules it took: their tensors tell the same. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['inference_mode', 'ensure_weight_tying', 'fan_in_fan_out', 'auto_mapping', 'exclude_modules', 'target_modules'],
  ...['rank_pattern', 'alpha_pattern', 'eva_config', 'megatron_config', 'runtime_config', 'use_rslora'],
  ...['layers_to_transform', 'layers_pattern', 'init_lora_weights', 'loftq_config'],
]);

/** Options with a name of their own in an error. */
const REFUSED: readonly (readonly [key: string, what: string])[] = [
  ['use_dora', 'DoRA'],
  ['modules_to_save', 'whole modules (modules_to_save)'],
  ['lora_bias', 'biases (lora_bias)'],
  ['trainable_token_indices', 'token embeddings (trainable_token_indices)'],
  ['layer_replication', 'layers that are used twice (layer_replication)'],
  ['target_parameters', 'parameters that are no linear layers (target_parameters)'],
  ['alora_invocation_tokens', 'an adapter that some tokens switch on (aLoRA)'],
];

/** Ways to begin that leave the weights of the base model as they are. */
const KEEPS_BASE: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal'];

/** Throws `unsupported` with what cannot be held, `corrupt` for what makes no sense. */
export function checkPeftConfig(config: PeftConfig, folder: string): CheckedPeftConfig {
  refuseUnheld(config, folder);
  const { lora_alpha: alpha, base_model_name_or_path: baseModel, use_rslora: rslora } = config;
  if (!isAlpha(alpha)) throw new EngramError('corrupt', `${folder}: its adapter_config.json has no lora_alpha.`);
  return {
    alpha,
    rankStabilized: rslora === true,
    baseModel: typeof baseModel === 'string' && baseModel !== '' ? baseModel : undefined,
    alphaOf: alphasOf(config['alpha_pattern'], alpha, folder),
  };
}

function refuseUnheld(config: PeftConfig, folder: string): void {
  const refuse = (what: string): never => {
    throw new EngramError('unsupported', `${folder} cannot be imported: it has ${what}.`, {
      hint: 'llama.cpp’s adapters hold pairs of LoRA matrices only. Merge it into its model with PEFT, and convert that.',
    });
  };
  if (config['peft_type'] !== 'LORA') refuse(`the type ${JSON.stringify(config['peft_type'])}, not LORA`);
  for (const [key, what] of REFUSED) if (isOn(config[key])) refuse(what);
  const { bias = 'none', init_lora_weights: start } = config;
  if (bias !== 'none') refuse(`biases (bias: ${JSON.stringify(bias)})`);
  if (!KEEPS_BASE.includes(start)) {
    refuse(`another base model than the one it names (init_lora_weights: ${JSON.stringify(start)})`);
  }
  for (const [key, value] of Object.entries(config)) {
    if (!HARMLESS.has(key) && (value === true || (typeof value === 'object' && isOn(value))))
      refuse(`${key}, which is not known`);
  }
}

/** Neither absent nor empty. */
function isOn(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function isAlpha(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(Math.fround(value)) && Math.fround(value) !== 0;
}

/** PEFT's patterns are regular expressions that match a whole name or its end after a dot; names are all that is read here. */
function alphasOf(given: unknown, usual: number, folder: string): (module: string) => number {
  const patterns = isObject(given) ? Object.entries(given) : [];
  for (const [pattern, alpha] of patterns) {
    if (!/^\^?[\w.]+\$?$/.test(pattern)) {
      throw new EngramError('unsupported', `${folder}: its alpha_pattern "${pattern}" is no name of a module.`);
    }
    if (!isAlpha(alpha)) throw new EngramError('corrupt', `${folder}: its alpha_pattern "${pattern}" is no number.`);
  }
  return (module) => {
    const found = patterns.find(([pattern]) => {
      const name = pattern.replace(/^\^|\$$/g, '');
      if (pattern.startsWith('^')) return module === name;
      return module === name || module.endsWith(`.${name}`);
    });
    return (found?.[1] as number | undefined) ?? usual;
  };
}
