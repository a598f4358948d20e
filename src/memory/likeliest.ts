// Of several memories that a question may be about, the one from which the model would most likely have asked it (query likelihood,
// Sachan et al. 2022, arXiv 2204.07496). The gate knows words and meanings; sentences of one article share both. A question that was
// remembered with its answer needs none of this: the gate compares questions. Not here: which memories a question may be about at all
// (gate.ts).
import type { GateMatch } from './gate.js';

/** Log-probability of what follows a text, by the chat model without any memory. */
export type ScoreText = (text: string, next: string, signal?: AbortSignal) => Promise<number>;

/** Memories that are compared: the best by the gate. */
const MOST = 4;
/** How much a nat of the model counts beside one of the gate's log odds. docs/memory.md says how it was chosen. */
const WEIGHT = 0.4;
/** Characters of a text, and of the end of a question, that are read: a few sentences. */
const MOST_TEXT = 1200;
const MOST_QUESTION = 400;
/** A probability of the gate is at most this: beyond it says nothing. */
const CERTAIN = 1 - 1e-6;

/** The same matches, best first. `textOf` is undefined for a question with its answer: where there is one, the order stays. */
export async function byLikelihood(
  score: ScoreText,
  question: string,
  matches: readonly GateMatch[],
  textOf: (id: string) => string | undefined,
  signal?: AbortSignal,
): Promise<GateMatch[]> {
  const first = matches.slice(0, MOST).map((match) => ({ match, text: textOf(match.id) }));
  if (first.length < 2 || first.some(({ text }) => text === undefined)) return [...matches];
  const asked = ` ${question.trim().slice(-MOST_QUESTION)}`;
  const compared = [];
  for (const { match, text: told } of first) {
    const text = `Passage: ${told!.slice(0, MOST_TEXT)}\nPlease write a question based on this passage.\nQuestion:`;
    const p = Math.min(match.score, CERTAIN);
    compared.push({ match, evidence: Math.log(p / (1 - p)) + WEIGHT * (await score(text, asked, signal)) });
  }
  compared.sort((a, b) => b.evidence - a.evidence);
  return [...compared.map(({ match }) => match), ...matches.slice(MOST)];
}
