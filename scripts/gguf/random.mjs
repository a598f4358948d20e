// Makes a GGUF of a shape and a quantisation that people run, with random weights over SmolLM2's tokenizer, to measure speed and
// memory where real weights cannot be had. What such a model says means nothing. Not here: measuring (scripts/bench).
//   node scripts/gguf/random.mjs OUT [--shape 1b] [--type Q4_K_M] [--tokenizer GGUF] [--layers N] [--hidden N] …
import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { at } from '../set-up/paths.mjs';
import { blocksOf, TYPES } from './random-blocks.mjs';

/** Those of SmolLM2 135M and 360M and of Llama 3.2 1B, 3B and 3.1 8B, but for the vocabulary. */
export const SHAPES = {
  '135m': { layers: 30, hidden: 576, heads: 9, keyValueHeads: 3, headSize: 64, feedForward: 1536, tied: true },
  '360m': { layers: 32, hidden: 960, heads: 15, keyValueHeads: 5, headSize: 64, feedForward: 2560, tied: true },
  '1b': { layers: 16, hidden: 2048, heads: 32, keyValueHeads: 8, headSize: 64, feedForward: 8192, tied: true },
  '3b': { layers: 28, hidden: 3072, heads: 24, keyValueHeads: 8, headSize: 128, feedForward: 8192, tied: true },
  '8b': { layers: 32, hidden: 4096, heads: 32, keyValueHeads: 8, headSize: 128, feedForward: 14336, tied: false },
};

/** What a file of a quantisation holds: its number, the type of most matrices, and what llama-quantize makes finer. */
export const MIXES = {
  F16: { number: 1, most: 'F16', head: 'F16' },
  Q4_0: { number: 2, most: 'Q4_0', head: 'Q6_K' },
  Q4_1: { number: 3, most: 'Q4_1', head: 'Q6_K' },
  Q8_0: { number: 7, most: 'Q8_0', head: 'Q8_0' },
  Q4_K_M: { number: 15, most: 'Q4_K', head: 'Q6_K', finer: 'Q6_K' },
};

/** Rows that are no whole blocks of a type are stored as another, as llama-quantize does it. */
const INSTEAD = { Q4_K: 'Q5_0', Q6_K: 'Q8_0' };
const CONTEXT = 8192;

/** Writes the model to `out`, whole or not at all. `models` is dist/models or src/models; `tokenizer` the path of a GGUF. */
export function makeRandomModel(models, { out, tokenizer, shape, type, context = CONTEXT }) {
  const { ggufEntry, ggufHeader, padded, readGgufFile } = models;
  const mix = MIXES[type];
  const header = readGgufFile(tokenizer);
  const vocabulary = header.metadata.get('tokenizer.ggml.tokens').length;
  const tensors = tensorsOf(shape, mix, vocabulary);
  const number = (key, value) => ggufEntry(`llama.${key}`, 'uint32', value);
  const entries = [
    ggufEntry('general.architecture', 'string', 'llama'),
    ggufEntry('general.name', 'string', `random ${type}`),
    ggufEntry('general.file_type', 'uint32', mix.number),
    number('block_count', shape.layers),
    number('context_length', context),
    number('embedding_length', shape.hidden),
    number('feed_forward_length', shape.feedForward),
    number('attention.head_count', shape.heads),
    number('attention.head_count_kv', shape.keyValueHeads),
    number('attention.key_length', shape.headSize),
    number('attention.value_length', shape.headSize),
    number('rope.dimension_count', shape.headSize),
    number('vocab_size', vocabulary),
    ggufEntry('llama.attention.layer_norm_rms_epsilon', 'float32', 1e-5),
    ggufEntry('llama.rope.freq_base', 'float32', 500_000),
    ...tokenizerEntries(tokenizer, header),
  ];
  const partial = `${out}.part`;
  const file = openSync(partial, 'w');
  try {
    writeSync(file, ggufHeader(entries, tensors));
    tensors.forEach((tensor, i) => {
      for (const bytes of blocksOf(tensor, i)) writeSync(file, bytes);
      writeSync(file, Buffer.alloc(padded(tensor.bytes) - tensor.bytes));
    });
    closeSync(file);
    renameSync(partial, out);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  return { parameters: tensors.reduce((sum, { dimensions }) => sum + dimensions.reduce((a, b) => a * b, 1), 0) };
}

function tensorsOf({ layers, hidden, heads, keyValueHeads, headSize, feedForward, tied }, mix, vocabulary) {
  const norm = (name, size) => made(name, [size], 'F32');
  const matrix = (name, input, output, type = mix.most) => made(name, [input, output], type);
  // llama-quantize's use_more_bits
  const isFiner = (layer) =>
    layer < layers / 8 || layer >= (7 * layers) / 8 || (layer - Math.floor(layers / 8)) % 3 === 2;
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const finer = isFiner(layer) ? mix.finer : undefined;
    const name = (tensor) => `blk.${layer}.${tensor}.weight`;
    return [
      norm(name('attn_norm'), hidden),
      matrix(name('attn_q'), hidden, heads * headSize),
      matrix(name('attn_k'), hidden, keyValueHeads * headSize),
      matrix(name('attn_v'), hidden, keyValueHeads * headSize, finer),
      matrix(name('attn_output'), heads * headSize, hidden),
      norm(name('ffn_norm'), hidden),
      matrix(name('ffn_gate'), hidden, feedForward),
      matrix(name('ffn_up'), hidden, feedForward),
      matrix(name('ffn_down'), feedForward, hidden, finer),
    ];
  });
  return [
    matrix('token_embd.weight', hidden, vocabulary, tied ? mix.head : mix.most),
    ...blocks.flat(),
    norm('output_norm.weight', hidden),
    ...(tied ? [] : [matrix('output.weight', hidden, vocabulary, mix.head)]),
  ];
}

function made(name, dimensions, wanted) {
  const fits = dimensions[0] % TYPES[wanted].elements === 0;
  const typeName = fits ? wanted : (INSTEAD[wanted] ?? 'F16');
  const { number: type, elements, bytes } = TYPES[typeName];
  const count = dimensions.reduce((product, one) => product * one, 1);
  return { name, dimensions, typeName, type, bytes: (count / elements) * bytes };
}

function tokenizerEntries(path, { metadataBytes }) {
  const file = openSync(path, 'r');
  try {
    return metadataBytes
      .filter(({ key }) => key.startsWith('tokenizer.'))
      .map(({ start, end }) => {
        const bytes = Buffer.alloc(end - start);
        readSync(file, bytes, 0, bytes.length, start);
        return bytes;
      });
  } finally {
    closeSync(file);
  }
}

/** The path of the installed small model, whose tokenizer is used unless told. */
export async function defaultTokenizer() {
  const load = (name) => import(pathToFileURL(at('dist', name)).href);
  const { defaultEntry } = await load('models/catalog.js');
  const { resolveModel } = await load('models/index.js');
  const { readSettings } = await load('cli/options.js');
  return (await resolveModel(readSettings().home, defaultEntry('chat').name)).path;
}

const SIZES = ['layers', 'hidden', 'heads', 'keyValueHeads', 'headSize', 'feedForward'];
const flagOf = (name) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

async function main() {
  const options = { shape: { type: 'string', default: '1b' }, type: { type: 'string', default: 'Q4_K_M' } };
  for (const name of ['tokenizer', ...SIZES.map(flagOf)]) options[name] = { type: 'string' };
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const shape = { ...SHAPES[values.shape.toLowerCase()] };
  for (const name of SIZES) if (values[flagOf(name)] !== undefined) shape[name] = Number(values[flagOf(name)]);
  const isSound = SIZES.every((name) => Number.isInteger(shape[name]) && shape[name] > 0);
  if (positionals.length !== 1 || !isSound || MIXES[values.type] === undefined) {
    console.error('usage: node scripts/gguf/random.mjs OUT [--shape NAME] [--type TYPE] [--tokenizer GGUF]');
    console.error(
      `  shapes: ${Object.keys(SHAPES).join(', ')}, or ${SIZES.map((name) => `--${flagOf(name)} N`).join(' ')}`,
    );
    console.error(`  types: ${Object.keys(MIXES).join(', ')}`);
    process.exit(2);
  }
  const models = await import(pathToFileURL(at('dist', 'models', 'index.js')).href);
  const tokenizer = values.tokenizer ?? (await defaultTokenizer());
  const { parameters } = makeRandomModel(models, { out: positionals[0], tokenizer, shape, type: values.type });
  console.log(`${positionals[0]}: ${(parameters / 1e9).toFixed(3)} billion random weights in ${values.type}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
