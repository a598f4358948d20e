// Reads an adapter in the form of PEFT, adapter_config.json with adapter_model.safetensors, as llama.cpp has it: the inverse of
// peft.ts. What an adapter of llama.cpp cannot hold is refused by its name. Not here: which folder, and storing it (import.ts).
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { isObject } from '../is-object.js';
import type { AdapterFile, AdapterMatrix } from './adapter-gguf.js';
import { checkPeftConfig, type PeftConfig } from './peft-config.js';
import { FUSED, MODULES, reordered, type Heads } from './peft-names.js';
import { readSafetensors } from './safetensors-reader.js';
import type { NamedTensor } from './safetensors.js';
import type { LoraKind } from './types.js';

/** The base model, as its header has it. */
export interface PeftBase extends Heads {
  architecture: string;
  /** Dimensions of its tensors, innermost first. */
  tensors: ReadonlyMap<string, readonly number[]>;
}

export interface FromPeft {
  file: AdapterFile;
  kind: LoraKind;
  /** The largest. */
  rank: number;
  /** As PEFT has it. */
  alpha: number;
  /** What its config says that it was trained on. */
  baseModel: string | undefined;
}

const WEIGHTS = 'adapter_model.safetensors';

/** Throws `not_found`, `corrupt`, `unsupported` (with the name of what cannot be held), `mismatch` (shapes of another model). */
export async function fromPeft(folder: string, base: PeftBase): Promise<FromPeft> {
  const config = checkPeftConfig(await readConfig(folder), folder);
  if (FUSED.has(base.architecture)) {
    throw new EngramError('unsupported', `Adapters of ${base.architecture} cannot be imported from PEFT yet.`);
  }
  const pairs = pairUp(await readWeights(folder), base, folder);
  const largest = Math.max(...pairs.map(({ a }) => a.rows));
  const kind = config.rankStabilized ? 'rslora' : 'lora';
  const alpha = Math.fround(config.alpha * (config.rankStabilized ? Math.sqrt(largest) : 1));
  const matrices = pairs.flatMap(({ a, b, module }) => {
    // llama.cpp multiplies with alpha / rank whatever the rank and the module, rsLoRA's PEFT with alpha / sqrt(rank).
    const stretch = config.rankStabilized ? Math.sqrt(a.rows / largest) : 1;
    const factor = (config.alphaOf(module) / config.alpha) * stretch;
    return [a, factor === 1 ? b : { ...b, values: b.values.map((value) => value * factor) }];
  });
  if (!matrices.every(({ values }) => values.every(Number.isFinite))) {
    throw new EngramError('corrupt', `${folder} scales its values beyond what F32 holds.`);
  }
  const file = { architecture: base.architecture, alpha, matrices };
  return { file, kind, rank: largest, alpha: config.alpha, baseModel: config.baseModel };
}

async function readConfig(folder: string): Promise<PeftConfig> {
  const path = join(folder, 'adapter_config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) {
      throw new EngramError(
        'not_found',
        `${folder} is not an adapter in the form of PEFT: it has no adapter_config.json.`,
      );
    }
    throw fromSystemError(error, path);
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new EngramError('corrupt', `${path} is not JSON.`, { cause: error });
  }
  if (!isObject(config)) throw new EngramError('corrupt', `${path} is not an object.`);
  return config;
}

async function readWeights(folder: string): Promise<NamedTensor[]> {
  const isThere = (name: string): Promise<boolean> =>
    stat(join(folder, name)).then(
      () => true,
      () => false,
    );
  if (!(await isThere(WEIGHTS))) {
    const isPickled = await isThere('adapter_model.bin');
    const why = isPickled ? 'it is pickled (adapter_model.bin), which can hold programs' : `it has no ${WEIGHTS}`;
    throw new EngramError(isPickled ? 'unsupported' : 'not_found', `${folder} cannot be imported: ${why}.`, {
      hint: `Save it with PEFT's save_pretrained(folder, safe_serialization=True).`,
    });
  }
  return readSafetensors(join(folder, WEIGHTS));
}

interface Pair {
  a: AdapterMatrix;
  b: AdapterMatrix;
  /** In PEFT's words, e.g. `model.layers.3.mlp.up_proj`. */
  module: string;
}

/** In the order of engram's own adapters: layer by layer, in each by MODULES. */
function pairUp(tensors: readonly NamedTensor[], base: PeftBase, folder: string): Pair[] {
  const halves = new Map<string, { module: string; A?: NamedTensor; B?: NamedTensor }>();
  for (const tensor of tensors) {
    const { layer, module, side } = parseName(tensor.name, folder);
    const key = `${layer} ${module}`;
    const pair = halves.get(key) ?? { module: `model.layers.${layer}.${module}` };
    if (pair[side] !== undefined) throw corrupt(folder, `it has ${tensor.name} twice`);
    pair[side] = tensor;
    halves.set(key, pair);
  }
  if (halves.size === 0) throw corrupt(folder, 'it has no tensors');
  const layers = [...new Set([...halves.keys()].map((key) => Number.parseInt(key, 10)))].sort((a, b) => a - b);
  const order = layers.flatMap((layer) => Object.entries(MODULES).map(([name, { path }]) => ({ layer, name, path })));
  return order.flatMap(({ layer, name, path }) => {
    const found = halves.get(`${layer} ${path}`);
    if (found === undefined) return [];
    const { module, A, B } = found;
    if (A === undefined || B === undefined) throw corrupt(folder, `${module} has no ${A ? 'lora_B' : 'lora_A'}`);
    return [fit({ A, B, module }, `blk.${layer}.${name}.weight`, name, base, folder)];
  });
}

/** Checked against the tensor of the base model that it adapts. */
function fit(
  { A, B, module }: { A: NamedTensor; B: NamedTensor; module: string },
  tensor: string,
  name: string,
  base: PeftBase,
  folder: string,
): Pair {
  const its = base.tensors.get(tensor);
  if (its === undefined) throw mismatch(folder, `the model has no ${module} (${tensor})`);
  const [input, output] = its;
  const [rank, columns] = A.shape;
  const [rows, inner] = B.shape;
  if (A.shape.length !== 2 || B.shape.length !== 2 || rank !== inner || rank === 0) {
    throw corrupt(folder, `the halves of ${module} do not fit together: [${A.shape.join()}] and [${B.shape.join()}]`);
  }
  if (columns !== input || rows !== output) {
    throw mismatch(folder, `${module} is for ${columns} to ${rows} values, and the model has ${input} to ${output}`);
  }
  const a = { name: `${tensor}.lora_a`, rows: rank!, columns: columns!, values: A.values };
  const b = { name: `${tensor}.lora_b`, rows: rows!, columns: inner!, values: B.values };
  return { a, b: { ...b, values: reordered(b, MODULES[name]!.target, base.architecture, base, 'gguf') }, module };
}

/** PEFT puts `base_model.model.` before the names of the model's class, which may hold a language model among others. */
const NAME =
  /^base_model\.model\.(?:model\.|language_model\.)*layers\.(\d{1,6})\.([\w.]+)\.lora_([AB])(?:\.default)?\.weight$/;

function parseName(name: string, folder: string): { layer: number; module: string; side: 'A' | 'B' } {
  const match = NAME.exec(name);
  const module = match?.[2] ?? '';
  if (match !== null && Object.values(MODULES).some(({ path }) => path === module)) {
    return { layer: Number(match[1]), module, side: match[3] as 'A' | 'B' };
  }
  throw new EngramError('unsupported', `${folder} cannot be imported: ${whatItIs(name)}.`, {
    hint: `Adapters hold pairs of lora_A and lora_B for ${Object.values(MODULES)
      .map(({ path }) => path.slice(path.indexOf('.') + 1))
      .join(', ')}.`,
    details: { tensor: name },
  });
}

function whatItIs(name: string): string {
  if (name.includes('lora_magnitude_vector')) return `it is DoRA (${name})`;
  if (/lora_embedding_|embed_tokens/.test(name)) return `it adapts the token embeddings (${name})`;
  if (name.includes('lm_head')) return `it adapts the output matrix (${name})`;
  if (name.endsWith('.bias')) return `it trains biases (${name})`;
  if (!name.includes('.lora_')) return `it holds a whole matrix of the model (${name})`;
  return `there is no place for ${name}`;
}

function corrupt(folder: string, why: string): EngramError {
  return new EngramError('corrupt', `${folder} is not a sound adapter: ${why}.`);
}

function mismatch(folder: string, why: string): EngramError {
  return new EngramError('mismatch', `The adapter ${folder} belongs to another model: ${why}.`, {
    hint: 'Name the model that it was trained on with --model.',
  });
}
