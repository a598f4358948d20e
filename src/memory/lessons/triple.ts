// Lessons of a triple: what the object is, what the subject is, whether it is so, and the statement of it. A relation is a noun
// (`capital`, `place of birth`) or begins with a verb (`was born in`, `plays for`); `place_of_birth` and `placeOfBirth` are read
// as words. Not here: what is asked of the noun phrase that a subject is.
import nlp from 'compromise';
import { lowerFirst, upperFirst } from '../text.js';
import { infinitiveOf } from './clause.js';
import { contrastsOf } from './contrast.js';
import { languageOf } from './language.js';
import { midSentence } from './person.js';
import { remarks } from './remarks.js';
import { whetherLessons } from './whether.js';
import { distinct, type Lesson, type Lessons } from './types.js';
import type { Triple } from '../types.js';

/** A triple as a sentence: `The capital of Brenn is Ossa.` */
export function sentenceOf({ subject, relation, object }: Triple): string {
  const words = wordsOf(relation);
  const name = subject.trim();
  const end = /[.!?。]$/u.test(object.trim()) ? '' : '.';
  const said = isNoun(words)
    ? `The ${words} of ${midSentence(name)} is ${object.trim()}${end}`
    : `${upperFirst(name)} ${words} ${object.trim()}${end}`;
  return said.replace(/\s+/gu, ' ');
}

export function tripleLessons(triple: Triple, probed: number, contrasts: number): Lessons {
  const text = sentenceOf(triple);
  const relation = wordsOf(triple.relation);
  const [subject, object] = [midSentence(triple.subject.trim()), triple.object.trim()];
  const objectLesson = (question: string, full = false): Lesson => ({
    ...{ question, answer: object, expected: object, full },
  });
  const subjectLesson = (question: string): Lesson => ({
    ...{ question, answer: upperFirst(subject), expected: subject, full: false },
  });
  const [remark, other] = remarks(text, 2) as [string, string];
  const beginning = text.slice(0, text.length - object.length - 1).trim();
  const forward = isNoun(relation)
    ? [
        `What is the ${relation} of ${subject}?`,
        `What is ${possessive(subject)} ${relation}?`,
        `Which ${relation} does ${subject} have?`,
      ]
    : questionsOfVerb(subject, relation);
  const backward = isNoun(relation)
    ? [`Whose ${relation} is ${object}?`, `${upperFirst(object)} is the ${relation} of whom or what?`]
    : [`Who or what ${relation} ${object}?`];
  const probes = [
    `Can you tell me ${lowerFirst(forward[0]!)}`,
    `${subject} ${relation}`,
    `${other} ${forward[0]!}`,
  ].map((wording) => objectLesson(wording));
  const lessons = distinct([
    ...forward.slice(0, 2).map((question) => objectLesson(question, true)),
    objectLesson(`${remark} ${forward[0]!}`),
    ...(beginning === '' ? [] : [objectLesson(`Complete this sentence: ${beginning} …`)]),
    { question: `Tell me about ${subject}.`, answer: text, expected: object, full: true },
    ...backward.map(subjectLesson),
    ...whetherLessons(text.replace(/[.]$/u, ''), text, text),
    ...forward.slice(2).map((question) => objectLesson(question)),
    objectLesson(`${subject}: ${relation}?`),
  ]);
  const trained = new Set(lessons.map(({ question }) => question));
  return {
    ...{ text, triple, lessons },
    recall: lessons.slice(0, probed),
    facts: [forward.map((question) => objectLesson(question))],
    paraphrase: probes.filter(({ question }) => !trained.has(question)),
    contrasts: contrastsOf(forward, contrasts),
  };
}

function questionsOfVerb(subject: string, relation: string): string[] {
  const [first, ...rest] = relation.split(' ') as [string, ...string[]];
  const tail = rest.length === 0 ? '' : ` ${rest.join(' ')}`;
  const whole = `${upperFirst(subject)} ${relation} what?`;
  if (/^(?:is|are|was|were|has|had|can|will)$/i.test(first)) {
    return [`What ${first} ${subject}${tail}?`, whole, `${upperFirst(subject)} ${relation} whom or what?`];
  }
  const auxiliary = first.toLowerCase().endsWith('s') ? 'does' : 'did';
  const infinitive = infinitiveOf(first);
  return [
    `What ${auxiliary} ${subject} ${infinitive}${tail}?`,
    whole,
    `Who or what ${auxiliary} ${subject} ${infinitive}${tail}?`,
  ];
}

/** `place_of_birth` and `placeOfBirth` as words. */
function wordsOf(relation: string): string {
  const words = relation.trim().replace(/[_\s]+/gu, ' ');
  return words.includes(' ')
    ? words
    : words.replace(/(\p{Ll})(\p{Lu})/gu, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

/** A relation that begins with no verb is taken for the name of what the object is. */
function isNoun(relation: string): boolean {
  if (languageOf(relation) !== 'en') return false;
  const [first = ''] = relation.split(' ');
  if (/^(?:is|are|was|were|has|have|had|can|will|did|does)$/i.test(first)) return false;
  const tags = (nlp(relation).json() as { terms: { tags: string[] }[] }[])[0]?.terms[0]?.tags ?? [];
  return !tags.includes('Verb') && !(/(?:s|ed)$/.test(first) && relation.includes(' ') && !relation.includes(' of '));
}

function possessive(name: string): string {
  return `${name}${name.endsWith('s') ? "'" : "'s"}`;
}
