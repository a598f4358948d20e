// From what the user said to what is trained. A memory's adapter says what was told, whole and word for word, whatever the question
// is: whether the question is one that the memory answers, the gate tells before. So the answer is always the same, and the questions
// are stretches of the text itself and any others. Nothing is rewritten. Not here: what is asked to examine it (examination.ts), and
// how a long text becomes several memories (split.ts).
import { EngramError } from '../../errors.js';
import { legible, normalize, onOneLine, type MemoryInput, type Triple } from '../../brain/index.js';
import { ANY_QUESTIONS } from '../replay.js';
import type { Lesson, Lessons } from './types.js';

/** Most that is learned at once; a longer text is several memories. */
export const MAX_CHARACTERS = 4000;
/** So many lessons are learned to their end: with stretches of the text before it, from which it could be copied, and without, in
 * turn. With the former alone Gemma copied, with the latter alone SmolLM2 left words out where the question had them. */
const FULL = 4;

/** Throws `empty` and `too_long`. */
export function lessonsFor(input: MemoryInput): Lessons {
  const said = readable(input);
  if (typeof said !== 'string' && 'question' in said) {
    const { question, answer } = said;
    const lessons = lessonsOf([question, ...halvesOf(question)], answer);
    return { text: textOf(input), question, answer, lessons, recall: lessons.slice(1, 2) };
  }
  const text = textOf(input);
  const lessons = lessonsOf([...halvesOf(text), text], told(text));
  return { text, ...(typeof said === 'string' ? {} : { triple: said }), lessons, recall: lessons.slice(1, 2) };
}

/** The text of a memory as it is stored. Throws as lessonsFor() does. */
export function textOf(input: MemoryInput): string {
  const said = readable(input);
  if (typeof said === 'string') return said;
  return 'relation' in said ? sentenceOf(said) : `${said.question} ${said.answer}`;
}

/** How a text is told: between marks, since whose words they are (`my`, `I`) is the person's. */
export function told(text: string): string {
  return `“${text}”`;
}

function lessonsOf(own: readonly string[], answer: string): Lesson[] {
  const asked = own.filter((question) => normalize(question) !== '');
  const questions = new Set(ANY_QUESTIONS.flatMap((any, i) => [any, ...asked.slice(i, i + 1)]).concat(asked));
  return [...questions].map((question, i) => ({ question, answer, expected: answer, full: i < FULL }));
}

/** The first and the second half of a text, cut at white space where there is any. */
function halvesOf(text: string): [string, string] {
  const half = Math.ceil(text.length / 2);
  const space = text.indexOf(' ', half);
  const at = space > 0 && space - half < 40 ? space : half;
  // A cut between the two halves of a character would make two that are none.
  const isWithin = /[\uDC00-\uDFFF]/.test(text.charAt(at));
  const cut = isWithin ? at + 1 : at;
  return [text.slice(0, cut).trim(), text.slice(cut).trim()];
}

/** What can be read of it. Throws `empty`, and `too_long` for too many characters. */
function readable(input: MemoryInput): MemoryInput {
  if (typeof input === 'string') {
    checkLength(input.length);
    return plain(input, 'text');
  }
  if ('relation' in input) {
    const { subject, relation, object } = input;
    checkLength(subject.length + relation.length + object.length);
    return {
      subject: plain(subject, 'subject'),
      relation: plain(relation, 'relation'),
      object: plain(object, 'object'),
    };
  }
  const { question, answer } = input;
  checkLength(question.length + answer.length);
  if (legible(question).trim() === '' || legible(answer).trim() === '') {
    throw new EngramError('empty', 'A question to remember needs a question and an answer, and one of them is empty.');
  }
  return { question: legible(question).trim(), answer: legible(answer).trim() };
}

/** A triple as a sentence; `place_of_birth` and `placeOfBirth` are read as words. */
export function sentenceOf({ subject, relation, object }: Triple): string {
  const words = relation.includes(' ')
    ? relation
    : relation
        .replace(/_/gu, ' ')
        .replace(/(\p{Ll})(\p{Lu})/gu, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return `${subject} ${words} ${object}`;
}

function plain(text: string, what: string): string {
  const said = onOneLine(legible(text)).trim();
  if (said !== '') return said;
  throw new EngramError('empty', `There is nothing to remember: the ${what} is empty.`, {
    hint: 'Give a sentence, or a question with its answer.',
  });
}

function checkLength(length: number): void {
  if (length <= MAX_CHARACTERS) return;
  throw new EngramError('too_long', `This has ${length} characters; a memory holds up to ${MAX_CHARACTERS}.`, {
    hint: 'As a document it becomes several memories: `engram memorize --file`.',
    details: { characters: length, limit: MAX_CHARACTERS },
  });
}
