// What an answer rests on, measured: how likely the model is to give it as it was asked, and how likely without each of the
// things it was asked with: a memory's adapter, a named adapter, a passage. What matters most changes it most. Not here:
// answering.
import type { AdapterUse, ChatMessage, GenerateOptions, Generator } from '../inference/index.js';
import { withPassages, type FoundPassage } from '../retrieval/index.js';
import type { Answer } from '../brain/index.js';

/** One thing that an answer may rest on. */
export type Ground =
  | { kind: 'memory'; id: string; text: string; score: number }
  | { kind: 'adapter'; name: string }
  | { kind: 'passage'; passage: FoundPassage };

export type Influence = Ground & {
  /** Log-probability of the answer without it, nats. */
  without: number;
  /** How much more likely the answer is with it: the difference of the two, nats. Below 0 it spoke against it. */
  change: number;
};

export interface Explanation {
  question: string;
  answer: string;
  source: Answer['source'];
  /** Log-probability of the answer as it was given: the sum over its tokens, nats. */
  logprob: number;
  tokens: number;
  /** What the model answers with nothing of all this, and how likely it then is to give the answer that is explained. */
  base: { answer: string; logprob: number };
  /** What it was asked with, the largest change first. */
  influences: Influence[];
}

/** A ground and the adapter that it switches on, if it does. */
export interface UsedGround {
  ground: Ground;
  adapter?: AdapterUse;
}

export interface ExplainParts {
  generator: Pick<Generator, 'score' | 'chat'>;
  question: string;
  answer: Pick<Answer, 'answer' | 'source'>;
  grounds: readonly UsedGround[];
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
}

/** Throws `too_long`, `cancelled`; `empty` for an empty answer. */
export async function explain(parts: ExplainParts): Promise<Explanation> {
  const { generator, question, answer, grounds, onProgress } = parts;
  const signal = parts.signal === undefined ? {} : { signal: parts.signal };
  const of = grounds.length + 3;
  let done = 0;
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    onProgress?.({ done: ++done, of });
    return result;
  };
  const score = (used: readonly UsedGround[]) =>
    counted(generator.score([asked(question, used)], answer.answer, { ...adaptersOf(used), ...signal }));

  const whole = await score(grounds);
  const influences: Influence[] = [];
  for (const used of grounds) {
    const { logprob } = await score(grounds.filter((other) => other !== used));
    influences.push({ ...used.ground, without: logprob, change: whole.logprob - logprob });
  }
  const { text } = await counted(generator.chat([asked(question, [])], { maxTokens: BASE_TOKENS, ...signal }));
  const bare = await score([]);
  return {
    question,
    answer: answer.answer,
    source: answer.source,
    logprob: whole.logprob,
    tokens: whole.tokens.length,
    base: { answer: text.trim(), logprob: bare.logprob },
    influences: influences.sort((a, b) => b.change - a.change),
  };
}

/** Enough of the model's own answer to see what it is. */
const BASE_TOKENS = 64;

/** The question as it is put to the model with these grounds. */
function asked(question: string, grounds: readonly UsedGround[]): ChatMessage {
  const passages = grounds.flatMap(({ ground }) => (ground.kind === 'passage' ? [ground.passage] : []));
  return { role: 'user', content: passages.length === 0 ? question : withPassages(question, passages) };
}

/** Memories work from the answer on, as the router has them. */
function adaptersOf(grounds: readonly UsedGround[]): Pick<GenerateOptions, 'adapters' | 'adaptersFrom'> {
  const adapters = grounds.flatMap(({ adapter }) => (adapter === undefined ? [] : [adapter]));
  return grounds.some(({ ground }) => ground.kind === 'memory') ? { adapters, adaptersFrom: 'answer' } : { adapters };
}
