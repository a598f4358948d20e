// What an answer rests on: the question is asked, and what it used is given to memory/explain.ts, which weighs it.
import type { AskOptions, ExplainOptions } from './options.js';
import type { Generator } from '../inference/index.js';
import { type Answer, type Brain } from '../brain/index.js';
import { explain, type Explanation, type UsedGround } from '../gate/index.js';

/** Engram.ask(). */
export type AskForGrounds = (question: string, options: AskOptions) => Promise<Answer>;

export interface Explaining {
  generator: Generator;
  ask: AskForGrounds;
  /** None until something is memorized. */
  brain: () => Promise<Brain | undefined>;
  /** The file of a named adapter. */
  adapterOf: (name: string) => Promise<string>;
}

/** Throws as ask() does. */
export async function explainAnswer(
  { generator, ask, brain, adapterOf }: Explaining,
  question: string,
  options: ExplainOptions,
): Promise<Explanation> {
  const { answer, onProgress, ...asking } = options;
  // Where an answer is given, it is only asked what it would rest on.
  const found = await ask(question, answer === undefined ? asking : { ...asking, maxTokens: 1 });
  const { adapter: name, signal } = options;
  const held = await brain();
  const grounds: UsedGround[] = [
    ...(name === undefined
      ? []
      : [{ ground: { kind: 'adapter' as const, name }, adapter: { path: await adapterOf(name) } }]),
    ...found.memories.map((match) => ({
      ground: { kind: 'memory' as const, ...match },
      adapter: { path: held!.adapterPath(match.id) },
    })),
    ...found.passages.map((passage) => ({ ground: { kind: 'passage' as const, passage } })),
  ];
  const explained = { answer: answer ?? found.answer, source: found.source };
  return explain({ generator, question, answer: explained, grounds, signal, onProgress });
}
