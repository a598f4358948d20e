// Finds the likeliest answer, and how likely each label is, by asking for as few probabilities as it can: the likeliest beginning
// is followed first, and as a beginning is at least as likely as what it becomes, the first answer that is whole is the likeliest
// of all. Not here: the model that says how likely (classifier.ts).
import type { Answers, Continuation } from './answers.js';

/** Where answers part: what was said so far, and the tokens that may come next. */
export interface Parting {
  said: readonly number[];
  choices: readonly number[];
}

/** An answer as far as it was followed, and the ways it may go on. */
interface Beginning {
  said: readonly number[];
  probability: number;
  ways: readonly Continuation[];
}

/** Probability that may be left unexplored. */
const LEFT_OVER = 1e-3;
/** Partings that are asked about until the search narrows to one beginning: only a model that knows nothing of the task has so
 * many. */
const MOST_PARTINGS = 64;

export class AnswerSearch {
  readonly #answers: Answers;
  #open: Beginning[];
  readonly #closed: Beginning[] = [];
  #asked: Beginning | undefined;
  #partings = 0;
  #best: readonly number[] | undefined;

  constructor(answers: Answers) {
    this.#answers = answers;
    this.#open = [{ said: [], probability: 1, ways: answers.after([]) }];
  }

  /** The next to be divided; undefined when enough is known. */
  next(): Parting | undefined {
    while (this.#open.length > 0 && !this.#isEnough()) {
      const beginning = this.#takeLikeliest();
      if (isWhole(beginning)) {
        this.#best ??= beginning.ways[0]!.labels;
        this.#closed.push(beginning);
        continue;
      }
      const choices = [...new Set(beginning.ways.map(({ tokens }) => tokens[0]!))];
      if (choices.length > 1) {
        this.#asked = beginning;
        this.#partings++;
        return { said: beginning.said, choices };
      }
      this.#open.push(this.#follow(beginning, choices[0]!, 1));
    }
    return undefined;
  }

  /** How the probability of what next() returned divides among its choices, in their order. */
  divide(parting: Parting, shares: readonly number[]): void {
    const asked = this.#asked!;
    this.#open.push(...parting.choices.map((token, i) => this.#follow(asked, token, shares[i]!)));
  }

  /** Labels of the likeliest answer, once next() returned undefined. */
  get best(): readonly number[] {
    return this.#best!;
  }

  /** How likely an answer has this label: the sum over all answers, too low by what was not explored. */
  probabilityOf(label: number): number {
    const holds = ({ ways }: Beginning): boolean => ways.every(({ labels }) => labels.includes(label));
    const sum = [...this.#closed, ...this.#open].reduce((sum, some) => sum + (holds(some) ? some.probability : 0), 0);
    return Math.min(1, sum); // rounding
  }

  #isEnough(): boolean {
    if (this.#best === undefined) return false;
    const left = this.#open.reduce((sum, { probability }) => sum + probability, 0);
    return left <= LEFT_OVER || this.#partings >= MOST_PARTINGS;
  }

  #takeLikeliest(): Beginning {
    this.#open.sort((a, b) => b.probability - a.probability);
    const [likeliest, ...others] = this.#open as [Beginning, ...Beginning[]];
    this.#open = others;
    if (this.#partings >= MOST_PARTINGS) this.#closed.push(...this.#open.splice(0));
    return likeliest;
  }

  #follow({ said, probability, ways }: Beginning, token: number, share: number): Beginning {
    const followed = ways.filter(({ tokens }) => tokens[0] === token);
    return {
      said: [...said, token],
      probability: probability * share,
      ways: followed.flatMap((way) => {
        const rest = { ...way, tokens: way.tokens.slice(1) };
        return rest.tokens.length === 0 && !rest.isEnd ? this.#answers.after(rest.labels) : [rest];
      }),
    };
  }
}

function isWhole({ ways }: Beginning): boolean {
  return ways.every(({ tokens, isEnd }) => isEnd && tokens.length === 0);
}
