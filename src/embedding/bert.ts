// A BERT encoder as an ONNX graph, made from the weights as sentence-transformers saves them, in f32 or with 8-bit weights and
// products. So a model needs nobody's export, and the graph has no padding, no mask, one product for q, k and v, and
// onnxruntime's fused operators. Architecture: Devlin et al. 2018; RoBERTa differs in where positions begin.
import type { Constant, Graph, GraphNode } from './onnx.js';
import type { Weights } from './safetensors.js';

export interface BertShape {
  layers: number;
  hiddenSize: number;
  heads: number;
  feedForwardSize: number;
  vocabularySize: number;
  positions: number;
  types: number;
  epsilon: number;
  /** The position of a text's first token: 0, in a RoBERTa one more than the padding's. */
  firstPosition: number;
}

/** Reads config.json. Throws RangeError for what this graph cannot compute. */
export function readBertShape(config: Readonly<Record<string, unknown>>): BertShape {
  const type = String(config['model_type']);
  const isRoberta = type === 'roberta' || type === 'xlm-roberta';
  if (type !== 'bert' && !isRoberta) throw new RangeError(`its architecture ${type} is read from an ONNX file only`);
  if ((config['hidden_act'] ?? 'gelu') !== 'gelu') throw new RangeError('its activation is not GELU');
  if ((config['position_embedding_type'] ?? 'absolute') !== 'absolute')
    throw new RangeError('its positions are relative');
  const count = (name: string): number => {
    const value = config[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 1e6) {
      throw new RangeError(`config.json has no sound ${name}`);
    }
    return value;
  };
  const epsilon = config['layer_norm_eps'] ?? 1e-12;
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon < 1)) throw new RangeError('layer_norm_eps is not sound');
  const shape: BertShape = {
    layers: count('num_hidden_layers'),
    hiddenSize: count('hidden_size'),
    heads: count('num_attention_heads'),
    feedForwardSize: count('intermediate_size'),
    vocabularySize: count('vocab_size'),
    positions: count('max_position_embeddings'),
    types: count('type_vocab_size'),
    epsilon,
    firstPosition: isRoberta ? count('pad_token_id') + 1 : 0,
  };
  if (shape.hiddenSize % shape.heads !== 0) throw new RangeError('its heads do not divide its size');
  if (shape.firstPosition >= shape.positions) throw new RangeError('it has no positions');
  return shape;
}

const MICROSOFT = 'com.microsoft';

/** The graph: `input_ids` [batch, tokens] and `position_ids` [tokens] from 0 → `last_hidden_state`. With `int8`, weights have one
 * scale a column and activations one a run, so that texts must be computed one by one. */
export function bertGraph(shape: BertShape, weights: Weights, int8: boolean): Graph {
  const { hiddenSize: d, feedForwardSize: f } = shape;
  const prefix =
    ['', 'bert.', 'roberta.'].find((name) => weights.has(`${name}embeddings.word_embeddings.weight`)) ?? '';
  const get = (name: string, sizes: readonly number[]) => weights.get(prefix + name, sizes);
  const nodes: GraphNode[] = [];
  const constants: Constant[] = [];
  const constant = (name: string, sizes: readonly number[], values: Constant['values']): string => {
    constants.push({ name, shape: sizes, values });
    return name;
  };
  const vector = (name: string, size: number): string => constant(name, [size], get(name, [size]));
  const node = (op: string, inputs: string[], output: string, more: Partial<GraphNode> = {}): string => {
    nodes.push({ op, inputs, outputs: [output], ...more });
    return output;
  };
  /** x · Wᵀ for W of the shape [outputs, inputs], as PyTorch keeps it. */
  const product = (x: string, name: string, w: Float32Array, inputs: number, outputs: number): string => {
    if (!int8)
      return node('MatMul', [x, constant(`${name}.weight`, [inputs, outputs], transposed(w, outputs, inputs))], name);
    const { values, scales } = quantised(w, outputs, inputs);
    const parts = [constant(`${name}.int8`, [inputs, outputs], values), constant(`${name}.scale`, [outputs], scales)];
    return node('DynamicQuantizeMatMul', [x, ...parts], name, { domain: MICROSOFT });
  };
  const norm = (name: string): string[] => [vector(`${name}.weight`, d), vector(`${name}.bias`, d)];
  const attributes = { epsilon: shape.epsilon };

  const words = constant(
    'words',
    [shape.vocabularySize, d],
    get('embeddings.word_embeddings.weight', [shape.vocabularySize, d]),
  );
  const places = constant('places', [shape.positions - shape.firstPosition, d], placesOf(shape, get));
  const embedded = node('Gather', [words, 'input_ids'], 'embedded');
  const placed = node('Gather', [places, 'position_ids'], 'placed');
  const sum = node('Add', [embedded, placed], 'sum');
  let x = node('LayerNormalization', [sum, ...norm('embeddings.LayerNorm')], 'layer0', { attributes });
  constant('thirds', [3], BigInt64Array.of(BigInt(d), BigInt(d), BigInt(d)));

  for (let i = 0; i < shape.layers; i++) {
    const at = `encoder.layer.${i}`;
    const parts = ['query', 'key', 'value'].map((part) => `${at}.attention.self.${part}`);
    const stacked = concatenated(parts.map((part) => get(`${part}.weight`, [d, d])));
    const bias = constant(`${at}.qkv.bias`, [3 * d], concatenated(parts.map((part) => get(`${part}.bias`, [d]))));
    const qkv = node('Add', [product(x, `${at}.qkv`, stacked, d, 3 * d), bias], `${at}.biased`);
    const split = ['q', 'k', 'v'].map((part) => `${at}.${part}`);
    nodes.push({ op: 'Split', inputs: [qkv, 'thirds'], outputs: split, attributes: { axis: -1 } });
    const heads = { domain: MICROSOFT, attributes: { num_heads: shape.heads } };
    const attended = node('MultiHeadAttention', split, `${at}.attended`, heads);
    /** Adds what a dense layer makes of `from` to `to`, and normalises. */
    const addNormalised = (from: string, to: string, name: string, inputs: number): string => {
      const dense = product(from, `${name}.product`, get(`${name}.dense.weight`, [d, inputs]), inputs, d);
      const rest = [...norm(`${name}.LayerNorm`), vector(`${name}.dense.bias`, d)];
      return node('SkipLayerNormalization', [dense, to, ...rest], `${name}.out`, { domain: MICROSOFT, attributes });
    };
    const y = addNormalised(attended, x, `${at}.attention.output`, d);
    const up = product(y, `${at}.up`, get(`${at}.intermediate.dense.weight`, [f, d]), d, f);
    const active = node('BiasGelu', [up, vector(`${at}.intermediate.dense.bias`, f)], `${at}.gelu`, {
      domain: MICROSOFT,
    });
    x = addNormalised(active, y, `${at}.output`, f);
  }
  nodes.push({ op: 'Identity', inputs: [x], outputs: ['last_hidden_state'] });
  return {
    inputs: { input_ids: ['batch', 'tokens'], position_ids: ['tokens'] },
    nodes,
    constants,
    output: { name: 'last_hidden_state', shape: ['batch', 'tokens', d] },
  };
}

/** Position embeddings with that of the only token type added. */
function placesOf(shape: BertShape, get: Weights['get']): Float32Array {
  const { hiddenSize: d, positions, types, firstPosition } = shape;
  const all = get('embeddings.position_embeddings.weight', [positions, d]);
  const type = get('embeddings.token_type_embeddings.weight', [types, d]);
  return all.subarray(firstPosition * d).map((value, i) => value + type[i % d]!);
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function transposed(w: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(w.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = w[r * columns + c]!;
  return out;
}

/** The largest weight. Products of 8-bit weights with 8-bit activations would overflow the 16 bits that processors without VNNI
 * add pairs in; with 7 bits they never do, and every processor computes the same vector. */
const LARGEST = 64;

/** The transpose as bytes, and for each of its columns what one step is worth. */
function quantised(w: Float32Array, rows: number, columns: number): { values: Int8Array; scales: Float32Array } {
  const values = new Int8Array(w.length);
  const scales = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    let largest = 0;
    for (let c = 0; c < columns; c++) largest = Math.max(largest, Math.abs(w[r * columns + c]!));
    const scale = largest / LARGEST || 1;
    scales[r] = scale;
    for (let c = 0; c < columns; c++) values[c * rows + r] = Math.round(w[r * columns + c]! / scale);
  }
  return { values, scales };
}
