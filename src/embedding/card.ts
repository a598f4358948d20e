// How a model wants to be read: which pooling, whether to length 1, what before a query and a passage, how many tokens. From what
// sentence-transformers keeps beside the weights, else from the catalog, else what most models want. Not here: doing it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngramError } from '../errors.js';
import type { EmbeddingCard } from '../models/index.js';
import type { Pooling } from './pooling.js';
import type { TextKind } from './types.js';

export interface Card {
  pooling: Pooling;
  normalize: boolean;
  prefixes: Readonly<Record<TextKind, string>>;
  maxTokens: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the files of a model's folder, of which config.json is there. Throws `corrupt`, `unsupported`. */
export function readCard(folder: string, known: Partial<EmbeddingCard> = {}): Card {
  const config = readJson(folder, 'config.json') ?? {};
  const modules = readModules(folder);
  const pooling = modules?.pooling === undefined ? undefined : readPooling(folder, modules.pooling);
  const prompts = asObject(readJson(folder, 'config_sentence_transformers.json')?.['prompts']);
  const limit = readJson(folder, join(modules?.transformer ?? '', 'sentence_bert_config.json'))?.['max_seq_length'];
  const ofTokenizer = readJson(folder, 'tokenizer_config.json')?.['model_max_length'];
  return {
    pooling: pooling ?? known.pooling ?? 'mean',
    normalize: modules?.normalize ?? known.normalize ?? true,
    prefixes: {
      query: asText(prompts?.['query']) ?? known.queryPrefix ?? '',
      passage: asText(prompts?.['document'] ?? prompts?.['passage']) ?? known.passagePrefix ?? '',
    },
    maxTokens: smallest([asCount(limit) ?? known.maxTokens ?? asCount(ofTokenizer) ?? 512, positions(config)]),
  };
}

interface Modules {
  transformer: string;
  pooling: string | undefined;
  normalize: boolean;
}

/** modules.json: the steps from text to vector, each with a folder. */
function readModules(folder: string): Modules | undefined {
  const steps = readJson(folder, 'modules.json');
  if (steps === undefined) return undefined;
  const found: Modules = { transformer: '', pooling: undefined, normalize: false };
  for (const step of Object.values(steps)) {
    const type = asText(asObject(step)?.['type']) ?? '';
    const path = asText(asObject(step)?.['path']) ?? '';
    if (path.split(/[\\/]/).includes('..')) throw broken(folder, `modules.json leads out of the folder: ${path}`);
    if (type.endsWith('Transformer')) found.transformer = path;
    else if (type.endsWith('Pooling')) found.pooling = path;
    else if (type.endsWith('Normalize')) found.normalize = true;
    else throw unsupported(folder, `the step ${type || '(without a type)'} of modules.json`);
  }
  return found;
}

function readPooling(folder: string, path: string): Pooling {
  const config = readJson(folder, join(path, 'config.json')) ?? {};
  if (config['include_prompt'] === false) throw unsupported(folder, 'pooling without the prompt');
  const named = config['pooling_mode']; // as newer versions write it
  const flags = { cls: 'cls_token', mean: 'mean_tokens', last: 'lasttoken' } as const;
  for (const [pooling, flag] of Object.entries(flags) as [Pooling, string][]) {
    if (config[`pooling_mode_${flag}`] === true || named === pooling || named === flag) return pooling;
  }
  throw unsupported(folder, 'its kind of pooling');
}

/** Positions that the model has embeddings for; a RoBERTa's begin after that of the padding. */
function positions(config: Json): number {
  const all = asCount(config['max_position_embeddings']) ?? Infinity;
  return /roberta|camembert/.test(asText(config['model_type']) ?? '') ? all - 2 : all;
}

function readJson(folder: string, file: string): Json | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw broken(folder, `${file} cannot be read`, error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch (error) {
    throw broken(folder, `${file} is no JSON`, error);
  }
  throw broken(folder, `${file} is not what it should be`);
}

export const asObject = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null ? (value as Json) : undefined;
const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const asCount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value > 2 ? value : undefined;
const smallest = (values: number[]): number => values.reduce((a, b) => Math.min(a, b));

function unsupported(folder: string, what: string): EngramError {
  return new EngramError(
    'unsupported',
    `The embedding model in ${folder} cannot be used: engram does not know ${what}.`,
    {
      hint: 'Use a model whose tokens are pooled by their mean, their first or their last.',
    },
  );
}

/** What every file of a model that is not as it should be ends as. */
export function broken(folder: string, why: string, cause?: unknown): EngramError {
  return new EngramError('corrupt', `The embedding model in ${folder} cannot be loaded: ${why}.`, {
    hint: 'Fetch it again: `engram models rm` and `engram models pull`.',
    cause,
  });
}
