// A Judge without a model: a note answers what its words are asked by, and no longer holds where a later text is the same but for a
// word or two. What it says can be changed for one question and note.
import { tellingWords, contentWords } from '../../src/brain/index.js';
import type { Judge, Judged, Verdict } from '../../src/gate/index.js';

export class FakeJudge implements Judge {
  readonly threshold = 0.5;
  /** Every question that it was asked. */
  readonly asked: string[] = [];
  /** How likely the note answers, where it is not what the words say. */
  likely: (question: string, note: string) => number | undefined = () => undefined;
  opening: (question: string, note: string) => string | undefined = () => undefined;
  personal: (question: string) => number = () => 0;
  /** It writes no questions. */
  isMute = false;

  constructor(readonly id = 'fake') {}

  /** By the share of the question's words that the note has; of equals the closest. */
  answers(question: string, notes: readonly Judged[]): Promise<Verdict[]> {
    this.asked.push(question);
    return Promise.resolve(
      notes.map(({ text, closeness }) => {
        const opening = this.opening(question, text);
        const answers = this.likely(question, text) ?? 0.95 * shareOf(question, text) + 0.05 * closeness;
        return { answers, personal: this.personal(question), ...(opening === undefined ? {} : { opening }) };
      }),
    );
  }

  /** Those that share most words and each have one that the other has not. */
  replaced(later: string, notes: readonly Judged[]): Promise<number[]> {
    return Promise.resolve(
      notes.map(({ text }) => {
        const shares = [shareOf(later, text), shareOf(text, later)];
        return Math.min(...shares) > 0.6 && Math.max(...shares) < 1 ? 0.9 : 0.1;
      }),
    );
  }

  /** Of two neighbouring words of the note each. */
  questions(note: string, count: number): Promise<string[]> {
    const words = tellingWords(note);
    const pairs = words.slice(1).map((word, i) => `What of ${words[i]!} ${word}?`);
    return Promise.resolve(this.isMute ? [] : [...new Set(pairs)].slice(0, count));
  }

  close(): void {
    // Nothing is open.
  }
}

/** Of the words of one text, those that the other has. */
function shareOf(one: string, other: string): number {
  const [asked, has] = [new Set(contentWords(one)), new Set(contentWords(other))];
  return asked.size === 0 ? 0 : [...asked].filter((word) => has.has(word)).length / asked.size;
}
