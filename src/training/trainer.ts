// A Trainer over the native one: checks and converts arguments, turns errors into EngramErrors. The step itself is C++, the
// loop over an epoch is run.ts.
import { EngramError } from '../errors.js';
import { checkNumber, checkWhole, refuse } from './checks.js';
import { awaitNative, callNative } from '../addon.js';
import type { NativeTrainer } from './native.js';
import type { BaseModelInfo, BatchItem, BatchLoss, Example, Sequence, Trainer } from './types.js';

export class LoraTrainer implements Trainer {
  readonly #native: NativeTrainer;
  readonly #model: BaseModelInfo;
  readonly #onClose: () => void;
  #examples = 0;
  #closed = false;

  /** `onClose` is called once. */
  constructor(native: NativeTrainer, model: BaseModelInfo, onClose: () => void) {
    this.#native = native;
    this.#model = model;
    this.#onClose = onClose;
  }

  add(example: Example): number {
    this.#requireOpen();
    const tokens = tokenIds(example.tokens, this.#model);
    if (tokens.length < 2) throw new EngramError('empty', 'An example needs at least two tokens.');
    const weights = lossWeights('weights', example.weights, tokens.length);
    const klWeights =
      example.klWeights === undefined ? undefined : lossWeights('klWeights', example.klWeights, tokens.length);
    const index = callNative(() => this.#native.add(tokens, weights, klWeights, example.adaptedFrom));
    this.#examples = index + 1;
    return index;
  }

  async backward(batch: readonly BatchItem[]): Promise<BatchLoss> {
    this.#requireOpen();
    const items = this.#items(batch);
    return awaitNative(() => this.#native.backward(...items));
  }

  async evaluate(batch: readonly BatchItem[]): Promise<BatchLoss> {
    this.#requireOpen();
    const items = this.#items(batch);
    return awaitNative(() => this.#native.evaluate(...items));
  }

  async update(learningRate?: number): Promise<{ gradNorm: number; step: number }> {
    this.#requireOpen();
    if (learningRate !== undefined) checkNumber('learningRate', learningRate);
    return awaitNative(() => this.#native.update(learningRate));
  }

  async choices(sequences: readonly Sequence[], choices: readonly number[]): Promise<Float32Array[]> {
    this.#requireOpen();
    if (!Array.isArray(sequences)) refuse('sequences', 'an array', sequences);
    const checked = sequences.map((sequence: Sequence) => this.#sequence(sequence));
    const among = vocabularyIds('choice', choices, this.#model);
    if (among.length === 0) throw new EngramError('empty', 'There are no tokens to choose among.');
    const values = await awaitNative(() => this.#native.choices(checked, among));
    return checked.map((_, i) => values.slice(i * among.length, (i + 1) * among.length));
  }

  async logits(tokens: ArrayLike<number>): Promise<Float32Array> {
    this.#requireOpen();
    const ids = tokenIds(tokens, this.#model);
    if (ids.length === 0) throw new EngramError('empty', 'There are no tokens.');
    return awaitNative(() => this.#native.logits(ids));
  }

  async save(path: string, { type = 'f32' }: { type?: 'f32' | 'f16' } = {}): Promise<void> {
    this.#requireOpen();
    if (!['f32', 'f16'].includes(type)) refuse('type', 'f32 or f16', type);
    await awaitNative(() => this.#native.save(checkPath(path), type));
  }

  async load(path: string): Promise<void> {
    this.#requireOpen();
    await awaitNative(() => this.#native.load(checkPath(path)));
  }

  async saveState(path: string): Promise<void> {
    this.#requireOpen();
    await awaitNative(() => this.#native.saveState(checkPath(path)));
  }

  async loadState(path: string): Promise<void> {
    this.#requireOpen();
    await awaitNative(() => this.#native.loadState(checkPath(path)));
  }

  cancel(): void {
    this.#native.cancel();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.close();
    this.#onClose();
  }

  #requireOpen(): void {
    if (this.#closed) throw new EngramError('usage', 'The trainer is closed.');
  }

  #sequence({ tokens, adaptedFrom = 0 }: Sequence): { tokens: Int32Array; adaptedFrom: number } {
    const ids = tokenIds(tokens, this.#model);
    if (ids.length === 0) throw new EngramError('empty', 'A sequence needs at least one token.');
    return { tokens: ids, adaptedFrom: checkWhole('adaptedFrom', adaptedFrom, 0, ids.length - 1) };
  }

  #items(batch: readonly BatchItem[]): [Int32Array, Float32Array, Float32Array] {
    if (!Array.isArray(batch) || batch.length === 0) refuse('batch', 'at least one example', batch);
    const examples = new Int32Array(batch.length);
    const scales = new Float32Array(batch.length);
    const klScales = new Float32Array(batch.length);
    for (const [i, item] of batch.entries() as ArrayIterator<[number, BatchItem]>) {
      const isKnown = Number.isInteger(item.example) && item.example >= 0 && item.example < this.#examples;
      if (!isKnown) refuse('example', 'an index that add() returned', item.example);
      examples[i] = item.example;
      scales[i] = finite('scale', item.scale ?? 1);
      klScales[i] = finite('klScale', item.klScale ?? 1);
    }
    return [examples, scales, klScales];
  }
}

function tokenIds(tokens: ArrayLike<number>, model: BaseModelInfo): Int32Array {
  if (tokens.length > model.contextLength) {
    throw new EngramError(
      'too_long',
      `${tokens.length} tokens do not fit into the model's context of ${model.contextLength}.`,
      { hint: 'Cut the text into pieces.', details: { tokens: tokens.length, contextLength: model.contextLength } },
    );
  }
  return vocabularyIds('token', tokens, model);
}

function vocabularyIds(name: string, tokens: ArrayLike<number>, model: BaseModelInfo): Int32Array {
  const out = new Int32Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (!Number.isInteger(token) || token! < 0 || token! >= model.vocabularySize) {
      refuse(`${name} ${i}`, `an id below ${model.vocabularySize}`, token);
    }
    out[i] = token!;
  }
  return out;
}

function lossWeights(name: string, weights: ArrayLike<number>, length: number): Float32Array {
  if (weights.length !== length) refuse(name, `as many as tokens, ${length},`, weights.length);
  const out = Float32Array.from(weights);
  for (const weight of out) checkNumber(name, weight);
  return out;
}

function finite(name: string, value: number): number {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) refuse(name, 'a finite number', value);
  return value;
}

function checkPath(path: string): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) refuse('path', 'a path', path);
  return path;
}
