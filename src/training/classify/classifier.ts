// Predicts the labels of a text: how likely is each answer the task allows, if the model may say nothing else? At every token
// where answers part, the model's probabilities of the tokens that are allowed there are divided by their sum; a token that must
// follow costs nothing. So the probabilities of all answers sum to one, long labels are not at a disadvantage, nothing is
// sampled, and where labels differ in their first token one pass through the model tells them all. Not here: training.
import { EngramError, throwIfCancelled } from '../../errors.js';
import type { RowEncoder } from '../encode-row.js';
import type { Example, Trainer } from '../types.js';
import { Answers } from './answers.js';
import { AnswerSearch } from './search.js';
import { questionOf, type ClassifyTask } from './task.js';

export interface Prediction {
  /** Those of the likeliest answer: one, or any number of them where the task allows several. */
  labels: string[];
  /** How likely an answer has each label, 0 to 1. At most 0.001 is left unexplored (more only of a model that knows nothing of the
   * task) and missing from them. */
  probabilities: Record<string, number>;
}

export class Classifier {
  readonly task: ClassifyTask;
  readonly #encoder: RowEncoder;
  readonly #answers: Answers;
  readonly #maxTokens: number;

  /** `maxTokens`: of question and answer together, normally the model's context. Throws `usage` where labels cannot be told
   * apart. */
  constructor(task: ClassifyTask, encoder: RowEncoder, maxTokens: number) {
    this.task = task;
    this.#encoder = encoder;
    this.#answers = new Answers(task, encoder);
    this.#maxTokens = maxTokens;
  }

  /** What is to be learned of a text with these labels: the answer, and that it ends. Throws `too_long`, and `mismatch` for a
   * label that is none of the task. */
  example(text: string, labels: readonly string[]): Example {
    const question = this.#question(text);
    const answer = this.#answers.tokensOf(this.indicesOf(labels));
    return {
      tokens: Uint32Array.from([...question, ...answer]),
      weights: Float32Array.from([...question.map(() => 0), ...answer.map(() => 1)]),
    };
  }

  /** Indices of labels in the task, ascending. Throws `mismatch`. */
  indicesOf(labels: readonly string[]): number[] {
    const indices = labels.map((label) => {
      const index = this.task.labels.indexOf(label);
      if (index >= 0) return index;
      throw new EngramError('mismatch', `"${label}" is none of the labels ${this.task.labels.join(', ')}.`);
    });
    return indices.sort((a, b) => a - b);
  }

  /** Throws `empty`, `too_long`, `cancelled`. */
  async predict(trainer: Pick<Trainer, 'logits'>, text: string, signal?: AbortSignal): Promise<Prediction> {
    const question = this.#question(text);
    const search = new AnswerSearch(this.#answers);
    for (let parting = search.next(); parting !== undefined; parting = search.next()) {
      throwIfCancelled(signal);
      const tokens = [...question, ...parting.said];
      const logits = await trainer.logits(tokens);
      const last = logits.subarray(logits.length - logits.length / tokens.length);
      search.divide(parting, softmax(parting.choices.map((token) => last[token]!)));
    }
    const { labels } = this.task;
    return {
      labels: search.best.map((label) => labels[label]!),
      probabilities: Object.fromEntries(labels.map((label, i) => [label, search.probabilityOf(i)])),
    };
  }

  #question(text: string): number[] {
    if (text.trim() === '') throw new EngramError('empty', 'There is no text to classify.');
    const tokens = Array.from(this.#encoder.encodeChat([{ role: 'user', content: questionOf(this.task, text) }]));
    const whole = tokens.length + this.#answers.longest;
    if (whole <= this.#maxTokens) return tokens;
    throw new EngramError('too_long', `With its labels the text has ${whole} tokens; at most ${this.#maxTokens} fit.`, {
      hint: 'Shorten the text.',
      details: { tokens: whole, maxTokens: this.#maxTokens },
    });
  }
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
