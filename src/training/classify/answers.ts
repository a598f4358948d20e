// The answers a task allows, as tokens: which may come next after what was said so far. Learning and predicting walk the same
// tokens. Not here: how likely they are (classifier.ts).
import { EngramError } from '../../errors.js';
import type { RowEncoder } from '../encode-row.js';
import { NO_LABEL, type ClassifyTask } from './task.js';

/** One way to go on: tokens that must follow, and the labels (indices) that are then said. */
export interface Continuation {
  labels: readonly number[];
  tokens: readonly number[];
  /** The answer ends with these tokens. */
  isEnd: boolean;
}

export class Answers {
  readonly #task: ClassifyTask;
  readonly #end: number;
  /** Of each label as the first of an answer, and after another one. */
  readonly #first: readonly (readonly number[])[];
  readonly #later: readonly (readonly number[])[];
  readonly #none: readonly number[];

  /** Throws `usage` where two labels have the same tokens. */
  constructor(task: ClassifyTask, encoder: RowEncoder) {
    this.#task = task;
    this.#end = encoder.special.endOfTurn;
    const encode = (text: string): number[] => Array.from(encoder.encode(text));
    this.#first = task.labels.map(encode);
    this.#later = task.labels.map((label) => encode(`, ${label}`));
    this.#none = encode(NO_LABEL);
    this.#requireApart();
  }

  /** The ways to go on after these labels; a text may have several only in the order of the task, so that each set of labels is
   * one answer. */
  after(labels: readonly number[]): Continuation[] {
    if (!this.#task.several) return this.#first.map((tokens, i) => this.#ended([i], tokens));
    const last = labels.at(-1) ?? -1;
    const pieces = labels.length === 0 ? this.#first : this.#later;
    const more = pieces.flatMap((tokens, i) => (i > last ? [{ labels: [...labels, i], tokens, isEnd: false }] : []));
    return [this.#ended(labels, labels.length === 0 ? this.#none : []), ...more];
  }

  /** The tokens of a whole answer. `labels` are ascending indices. */
  tokensOf(labels: readonly number[]): number[] {
    if (labels.length === 0) return [...this.#none, this.#end];
    return [...labels.flatMap((label, i) => (i === 0 ? this.#first : this.#later)[label]!), this.#end];
  }

  /** Tokens of the longest answer. */
  get longest(): number {
    const lengths = this.#later.map((tokens, i) => Math.max(tokens.length, this.#first[i]!.length));
    const said = this.#task.several ? lengths.reduce((sum, length) => sum + length, 0) : Math.max(...lengths);
    return Math.max(said, this.#none.length) + 1;
  }

  #ended(labels: readonly number[], tokens: readonly number[]): Continuation {
    return { labels, tokens: [...tokens, this.#end], isEnd: true };
  }

  #requireApart(): void {
    const seen = new Map<string, string>();
    for (const [i, tokens] of this.#first.entries()) {
      const [label, same] = [this.#task.labels[i]!, seen.get(tokens.join())];
      if (tokens.length === 0 || same !== undefined) {
        const with_ = same === undefined ? 'has no tokens' : `has the same tokens as "${same}"`;
        throw new EngramError('usage', `The label "${label}" ${with_}.`);
      }
      seen.set(tokens.join(), label);
    }
  }
}
