// What a prompt has kept of the evidence, and how right an answer is. Not here: prompts and answers.
import { contentWords, sentences } from '../../../dist/brain/text.js';

/** A sentence is kept if a line has so many of its words: all of them where it stands there as it was said. */
const KEPT = 0.7;

/** Of the sentences of the evidence that say something the share that a line of the prompt still says. */
export function evidenceRecall(prompt, evidence) {
  const lines = prompt.split('\n').map((line) => new Set(contentWords(line)));
  const said = evidence
    .flatMap((turn) => sentences(turn))
    .map((sentence) => [...new Set(contentWords(sentence))])
    .filter((words) => words.length > 0);
  if (said.length === 0) return 1;
  const isKept = (words) => lines.some((line) => words.filter((word) => line.has(word)).length >= KEPT * words.length);
  return said.filter(isKept).length / said.length;
}

/** Of the words of the right answer the share that is in the prompt. */
export function answerInPrompt(prompt, answer) {
  const words = [...new Set(contentWords(answer))];
  const there = new Set(contentWords(prompt));
  return words.length === 0 ? 1 : words.filter((word) => there.has(word)).length / words.length;
}

/** SQuAD's: harmonic mean of precision and recall over words, without articles and punctuation. */
export function f1(answer, expected) {
  const [said, wanted] = [answer, expected].map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s]/gu, '')
      .split(/\s+/)
      .filter((word) => word !== '' && !['a', 'an', 'the', 'and'].includes(word)),
  );
  const left = [...wanted];
  let same = 0;
  for (const word of said) {
    const at = left.indexOf(word);
    if (at < 0) continue;
    left.splice(at, 1);
    same++;
  }
  return same === 0 ? 0 : (2 * same) / (said.length + wanted.length);
}
