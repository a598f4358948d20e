// From what the user said to what is trained and what is asked: lessons, held-back probes and contrasts of one memory. Not here:
// how questions are made (statement.ts, question.ts, triple.ts) and how a long text becomes several memories (split.ts).
import { EngramError } from '../../errors.js';
import { legible, normalize, says, sentences } from '../text.js';
import type { MemoryInput } from '../types.js';
import { contrastsOf } from './contrast.js';
import { questionLessons, textOfQuestion } from './question.js';
import { statementLessons } from './statement.js';
import { sentenceOf, tripleLessons } from './triple.js';
import type { Lesson, Lessons } from './types.js';

/** Most that is learned at once; a longer text is several memories. */
const MAX_SENTENCES = 12;
export const MAX_CHARACTERS = 4000;
const CONTRASTS = 8;
const PROBES = 4;
/** Lessons of a text: of one sentence, and of a longer text in all. */
const MOST = { sentence: 16, text: 48 };

/** Throws `empty` and `too_long`. */
export function lessonsFor(input: MemoryInput): Lessons {
  const said = readable(input);
  if (typeof said === 'string') return ofText(said);
  if ('relation' in said) return tripleLessons(said, PROBES, CONTRASTS);
  return questionLessons(said.question, said.answer, PROBES, CONTRASTS);
}

/** The text that lessonsFor() gives, without the lessons, which take longer. Throws as it does, but not for many sentences. */
export function textOf(input: MemoryInput): string {
  const said = readable(input);
  if (typeof said === 'string') return said;
  return 'relation' in said ? sentenceOf(said) : textOfQuestion(said.question, said.answer);
}

/** What can be read of it. Throws `empty`, and `too_long` for too many characters. */
function readable(input: MemoryInput): MemoryInput {
  if (typeof input === 'string') {
    const text = plain(input, 'text');
    checkLength(text.length);
    return text;
  }
  if ('relation' in input) {
    const { subject, relation, object } = input;
    const triple = {
      subject: plain(subject, 'subject'),
      relation: plain(relation, 'relation'),
      object: plain(object, 'object'),
    };
    checkLength(subject.length + relation.length + object.length);
    return triple;
  }
  const { question, answer } = input;
  checkLength(question.length + answer.length);
  if (normalize(question) === '' || normalize(answer) === '') {
    throw new EngramError('empty', 'A question to remember needs a question and an answer, and one of them is empty.');
  }
  return { question: legible(question).trim(), answer: legible(answer).trim() };
}

function ofText(text: string): Lessons {
  const all = sentences(text);
  if (all.length > MAX_SENTENCES) throw tooLong(all.length, 'sentences', MAX_SENTENCES);
  const most = Math.max(4, Math.min(MOST.sentence, Math.floor(MOST.text / all.length)));
  const parts = all.map((sentence) => statementLessons(sentence, most, text));
  // A question that several sentences answer is answered with all of them: nothing that was said is left out.
  const byQuestion = new Map<string, Lesson>();
  const kept = parts.map((part) =>
    part.lessons.filter((lesson) => {
      const known = byQuestion.get(lesson.question);
      if (known === undefined) byQuestion.set(lesson.question, lesson);
      else if (!known.answer.includes(lesson.answer)) known.answer += ` ${lesson.answer}`;
      return known === undefined;
    }),
  );
  const fair = (lesson: Lesson) => !byQuestion.has(lesson.question) && says(lesson.answer, lesson.expected);
  const lessons = kept.flat();
  const short = lessons.map(({ question }) => question).filter((question) => question.length < 120);
  return {
    text,
    lessons,
    recall: spread(kept),
    facts: parts.every(({ facts }) => facts.length > 0) ? parts.flatMap(({ facts }) => facts) : [],
    paraphrase: spread(parts.map((part) => part.probes.filter(fair))),
    contrasts: contrastsOf(short, CONTRASTS),
  };
}

function plain(text: string, what: string): string {
  if (normalize(text) !== '') return legible(text).replace(/\s+/gu, ' ').trim();
  throw new EngramError('empty', `There is nothing to remember: the ${what} is empty.`, {
    hint: 'Give a sentence, or a question with its answer.',
  });
}

function checkLength(length: number): void {
  if (length > MAX_CHARACTERS) throw tooLong(length, 'characters', MAX_CHARACTERS);
}

function tooLong(length: number, unit: string, limit: number): EngramError {
  return new EngramError('too_long', `This has ${length} ${unit}; a memory holds up to ${limit}.`, {
    hint: 'As a document it becomes several memories: `engram memorize --file`.',
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
