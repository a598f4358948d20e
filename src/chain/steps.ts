// Steps that chains are mostly made of. Each takes what it works on as a function of the state so far. Not here: how they are put
// together (chain.ts); a step of your own is any function of the state.
import { EngramError } from '../errors.js';
import type {
  Answer,
  AskOptions,
  ChatMessage,
  CompleteOptions,
  Explanation,
  MemoryInput,
  Prediction,
  Recalled,
  Receipt,
} from '../index.js';
import type { Step } from './chain.js';

export type Of<State, Value> = (state: State) => Value;

/** The labels of a text, by an adapter that was trained on labels. */
export function classify<State>({
  adapter,
  text,
}: {
  adapter: string;
  text: Of<State, string>;
}): Step<State, Prediction> {
  return async (state, { engram, signal }) => {
    const [prediction] = await engram.adapters.classify({ adapter, texts: [text(state)], signal });
    if (prediction === undefined) throw new EngramError('internal', 'A text has no prediction.');
    return prediction;
  };
}

/** An answer through the chat template, by the memories that the question touches or a named adapter. A conversation of earlier
 * steps is handed on by giving its messages in place of a question. */
export function answer<State>({
  question,
  ...options
}: { question: Of<State, string | readonly ChatMessage[]> } & Omit<AskOptions, 'signal'>): Step<State, Answer> {
  return (state, { engram, signal }) => {
    const asked = question(state);
    const given = { ...options, signal };
    return typeof asked === 'string' ? engram.ask(asked, given) : engram.chat(asked, given);
  };
}

/** What follows a raw text. */
export function complete<State>({
  prompt,
  ...options
}: { prompt: Of<State, string> } & Omit<CompleteOptions, 'signal'>): Step<State, string> {
  return async (state, { engram, signal }) => (await engram.complete(prompt(state), { ...options, signal })).text;
}

/** What memories and documents hold about something, best first. */
export function recall<State>({ about, k }: { about: Of<State, string>; k?: number }): Step<State, Recalled[]> {
  return (state, { engram, signal }) => engram.memories.recall(about(state), { k, signal });
}

/** Trains memories of facts, one after the other; each receipt says whether it holds. */
export function memorize<State>({ facts }: { facts: Of<State, readonly MemoryInput[]> }): Step<State, Receipt[]> {
  return async (state, { engram, signal }) => {
    const receipts: Receipt[] = [];
    for (const fact of facts(state)) {
      receipts.push(await engram.memories.add(fact, { signal }));
    }
    return receipts;
  };
}

/** What an answer rests on. Without `answer` the question is asked. */
export function explain<State>({
  question,
  answer: given,
  ...options
}: {
  question: Of<State, string>;
  answer?: Of<State, string>;
  adapter?: string;
  passages?: number;
}): Step<State, Explanation> {
  return (state, { engram, signal }) =>
    engram.memories.explain(question(state), { ...options, answer: given?.(state), signal });
}
