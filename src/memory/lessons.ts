// From what the user said to what is trained and what is asked: lessons, held-back probes and contrasts. Not here: how
// questions are reworded (wordings.ts) and made from sentences (statements.ts).
import { EngramError } from '../errors.js';
import { contrastsOf } from './contrast.js';
import { statementLessons, type Lesson } from './statements.js';
import { normalize, says, sentences } from './text.js';
import type { MemoryInput } from './types.js';
import { wordingsOf } from './wordings.js';

export interface Lessons {
  /** The memory as one text. */
  text: string;
  question?: string;
  answer?: string;
  /** Questions with their answers, to be trained on. */
  lessons: Lesson[];
  /** Which lessons stand for all of them when recall is probed. */
  recall: Lesson[];
  /** In wordings that are never trained on. */
  paraphrase: Lesson[];
  /** Questions of the same form about something else: must be answered as before. */
  contrasts: string[];
}

/** Most that is learned at once; a longer text is a document. */
const MAX_SENTENCES = 12;
const MAX_CHARACTERS = 4000;
const CONTRASTS = 8;
const PROBES = 4;

/** Throws `empty` and `too_long`. */
export function lessonsFor(input: MemoryInput): Lessons {
  const length = typeof input === 'string' ? input.length : input.question.length + input.answer.length;
  if (length > MAX_CHARACTERS) throw tooLong(length, 'characters', MAX_CHARACTERS);
  if (typeof input !== 'string') return fromQuestion(input.question.trim(), input.answer.trim());
  const text = input.replace(/\s+/gu, ' ').trim();
  if (normalize(text) === '') {
    throw new EngramError('empty', 'There is nothing to remember: the text is empty.', {
      hint: 'Give a sentence, or a question with its answer.',
    });
  }
  return fromText(text);
}

function fromQuestion(question: string, answer: string): Lessons {
  if (normalize(question) === '' || normalize(answer) === '') {
    throw new EngramError('empty', 'A question to remember needs a question and an answer, and one of them is empty.');
  }
  const expected = answer.replace(/[\s.!?…]+$/u, '');
  const lesson = (wording: string): Lesson => ({ question: wording, answer, expected });
  const { lessons, probes } = wordingsOf(question);
  return {
    text: `${question} ${answer}`,
    question,
    answer,
    lessons: lessons.map(lesson),
    recall: lessons.slice(0, PROBES).map(lesson),
    paraphrase: probes.slice(0, PROBES).map(lesson),
    contrasts: contrastsOf([question], CONTRASTS),
  };
}

function fromText(text: string): Lessons {
  const all = sentences(text);
  if (all.length > MAX_SENTENCES) {
    throw tooLong(all.length, 'sentences', MAX_SENTENCES);
  }
  const parts = all.map(statementLessons);
  // A question that two sentences answer would teach two answers: it keeps the first.
  const asked = new Set<string>();
  const lessons = parts
    .flatMap((part) => part.lessons)
    .filter(({ question }) => !asked.has(question) && asked.add(question));
  const fair = (lesson: Lesson) => !asked.has(lesson.question) && says(lesson.answer, lesson.expected);
  return {
    text,
    lessons,
    recall: spread(parts.map((part) => part.lessons.filter((lesson) => asked.has(lesson.question)))),
    paraphrase: spread(parts.map((part) => part.probes.filter(fair))),
    contrasts: contrastsOf(
      lessons.map((lesson) => lesson.question).filter((question) => question.length < 120),
      CONTRASTS,
    ),
  };
}

function tooLong(length: number, unit: string, limit: number): EngramError {
  return new EngramError('too_long', `This has ${length} ${unit}; a memory holds up to ${limit}.`, {
    hint: 'Remember the sentences that matter, one memory for each.',
    details: { [unit]: length, limit },
  });
}

/** PROBES items in all, from every list in turn and from all parts of each. */
function spread(lists: Lesson[][]): Lesson[] {
  const each = Math.max(1, Math.ceil(PROBES / Math.max(1, lists.length)));
  return lists
    .flatMap((list) =>
      Array.from({ length: Math.min(each, list.length) }, (_, i) => list[Math.floor((i * list.length) / each)]!),
    )
    .filter((lesson, i, all) => all.indexOf(lesson) === i)
    .slice(0, Math.max(PROBES, lists.length));
}
