// Probabilities of tokens as the native loop gives them, made into what a caller reads. Not here: computing them.
import type { Generation, TokenLogprob } from './types.js';
import type { ModelVocabulary } from './vocabulary.js';

export class Logprobs {
  readonly all: NonNullable<Generation['logprobs']> = [];

  constructor(
    private readonly vocabulary: ModelVocabulary,
    private readonly isWanted: boolean,
  ) {}

  /** Pairs of token and log-probability: the one chosen, then the likeliest. */
  push(pairs: Float64Array | undefined): void {
    if (!this.isWanted || pairs === undefined) return;
    const read = Array.from({ length: pairs.length / 2 }, (_, i): TokenLogprob => {
      const token = pairs[2 * i]!;
      return { token, text: this.vocabulary.text([token]), logprob: pairs[2 * i + 1]! };
    });
    const [chosen, ...likeliest] = read;
    if (chosen !== undefined) this.all.push({ ...chosen, likeliest });
  }
}
