// Opens a sentence model from a local folder: an ONNX file in transformers.js' layout, or the weights as sentence-transformers
// saves them, of which a graph is made (bert.ts). Nothing is fetched here; models/ does that.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { EngramError } from '../errors.js';
import { modelSha256, type EmbeddingCard } from '../models/index.js';
import { bertGraph, readBertShape } from './bert.js';
import { withCache } from './cache.js';
import { asObject, broken, readCard } from './card.js';
import { OnnxEmbedder } from './embedder.js';
import { writeOnnx } from './onnx.js';
import { readSafetensors } from './safetensors.js';
import { Session } from './session.js';
import { Tokenizer } from './tokenizer.js';
import type { Embedder } from './types.js';

export type Dtype = 'fp32' | 'fp16' | 'q8' | 'q4';

export interface EmbedderOptions {
  /** Folder with config.json, tokenizer.json, tokenizer_config.json, and onnx/ or model.safetensors. */
  folder: string;
  /** What the catalog knows of the model, for what its folder does not say. */
  card?: Partial<EmbeddingCard> | undefined;
  /** Which precision: an ONNX file onnx/model_<dtype>.onnx (`fp32` is model.onnx, `q8` model_quantized.onnx), or of
   * model.safetensors `fp32` or `q8`. Default: the card's, else the first there is of q4, q8, fp32. */
  dtype?: Dtype | undefined;
  /** Threads of a run. Default 1: a short question gains nothing from more. */
  threads?: number | undefined;
  /** The home in whose cache vectors are kept and looked up. Default: none are. */
  cacheIn?: string | undefined;
}

const FILES: Readonly<Record<Dtype, string>> = {
  fp32: 'onnx/model.onnx',
  fp16: 'onnx/model_fp16.onnx',
  q8: 'onnx/model_quantized.onnx',
  q4: 'onnx/model_q4.onnx',
};
const WEIGHTS = 'model.safetensors';
/** Part of a cached vector's name: grows with any change of this code that changes vectors. */
const VERSION = 1;
const MADE_OF_WEIGHTS: readonly Dtype[] = ['q8', 'fp32'];

/** Loads a sentence model. Throws `not_found`, `corrupt`, `unsupported`, `native`. */
export async function loadEmbedder(options: EmbedderOptions): Promise<Embedder> {
  const folder = resolve(options.folder);
  const { dtype, file } = chooseFile(folder, options.dtype ?? options.card?.dtype);
  const config = readConfig(folder);
  requireFiles(folder, file, config);
  const card = readCard(folder, options.card);
  const dimensions = config['hidden_size'];
  if (typeof dimensions !== 'number') throw broken(folder, 'config.json has no hidden_size');
  const tokenizer = await Tokenizer.load(folder).catch((error: unknown) => {
    throw error instanceof EngramError ? error : broken(folder, 'its tokenizer is not sound', error);
  });
  const { cacheIn: home } = options;
  const files = [file, ...dataFiles(file, config), 'tokenizer.json'];
  const hashes =
    home === undefined ? [] : await Promise.all(files.map((name) => modelSha256(home, join(folder, name))));
  const graph = file === WEIGHTS ? await graphOf(folder, config, dtype) : join(folder, file);
  const session = await Session.open(graph, options.threads ?? 1).catch((error: unknown) => {
    throw error instanceof EngramError ? error : broken(folder, 'onnxruntime does not take its graph', error);
  });
  // An 8-bit graph measures the activations of all texts of a run to find one scale.
  const oneByOne = dtype === 'q8';
  const id = `${basename(folder)}/${dtype}`;
  const embedder = new OnnxEmbedder({ id, dimensions, card, tokenizer, session, oneByOne });
  if (home === undefined) return embedder;
  const model = JSON.stringify([VERSION, dtype, hashes, card]);
  return withCache(embedder, { path: join(home, 'cache', 'embeddings.sqlite'), model });
}

/** Which file is read, and as what. Without a wish the first that is there; with one the file that should be there. */
function chooseFile(folder: string, wish: Dtype | undefined): { dtype: Dtype; file: string } {
  const hasFile = (file: string): boolean => existsSync(join(folder, file));
  const candidates: Dtype[] = wish === undefined ? ['q4', 'q8', 'fp32'] : [wish];
  const found = candidates.find((dtype) => hasFile(FILES[dtype]));
  if (found !== undefined) return { dtype: found, file: FILES[found] };
  const made = candidates.find((dtype) => MADE_OF_WEIGHTS.includes(dtype));
  if (made !== undefined && hasFile(WEIGHTS)) return { dtype: made, file: WEIGHTS };
  return { dtype: candidates[0]!, file: FILES[candidates[0]!] };
}

function requireFiles(folder: string, file: string, config: Readonly<Record<string, unknown>>): void {
  const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json', file];
  const isMissing = (name: string): boolean => !existsSync(join(folder, name));
  const missing = needed.filter(isMissing);
  if (missing.length === 0) missing.push(...dataFiles(file, config).filter(isMissing));
  if (missing.length === 0) return;
  throw new EngramError('not_found', `There is no embedding model in ${folder}: ${missing.join(', ')} missing.`, {
    hint: 'Fetch one with `engram models pull all-minilm-l6-v2`.',
    details: { folder, missing },
  });
}

/** Files of weights beside a graph, as its configuration counts them: model.onnx_data, model.onnx_data_1 … */
function dataFiles(file: string, config: Readonly<Record<string, unknown>>): string[] {
  const counts = asObject(config['transformers.js_config'])?.['use_external_data_format'];
  const given = asObject(counts)?.[basename(file)] ?? asObject(counts)?.['model'] ?? counts;
  const count = given === true ? 1 : typeof given === 'number' && given > 0 && given < 1000 ? given : 0;
  return Array.from({ length: count }, (_, i) => `${file}_data${i === 0 ? '' : `_${i}`}`);
}

function readConfig(folder: string): Readonly<Record<string, unknown>> {
  const path = join(folder, 'config.json');
  if (!existsSync(path)) return {}; // requireFiles says so
  try {
    const config = asObject(JSON.parse(readFileSync(path, 'utf8')));
    if (config !== undefined) return config;
  } catch (error) {
    throw broken(folder, 'config.json is no JSON', error);
  }
  throw broken(folder, 'config.json is not what it should be');
}

async function graphOf(folder: string, config: Readonly<Record<string, unknown>>, dtype: Dtype): Promise<Uint8Array> {
  try {
    return writeOnnx(bertGraph(readBertShape(config), await readSafetensors(join(folder, WEIGHTS)), dtype === 'q8'));
  } catch (error) {
    throw error instanceof RangeError ? broken(folder, error.message, error) : error;
  }
}
