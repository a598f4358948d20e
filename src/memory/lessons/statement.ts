// Lessons of one sentence. Every answer is the sentence itself, as one would say it back, so that no lesson can be wrong: what
// varies is the question. English by its grammar, a rule (`If …, …`) by its condition; other languages, and what the grammar
// makes nothing of, by what needs none (other-language.ts). Not here: question-and-answer memories (question.ts).
import { says, tellingWords } from '../text.js';
import { about, askForKind, askForPhrases, askForSubject, askWhether, turned, type Ask } from './asks.js';
import { clauseOf, type Clause } from './clause.js';
import { languageOf } from './language.js';
import { otherLanguageLessons } from './other-language.js';
import { midSentence, toSecondPerson } from './person.js';
import { AUXILIARY, PREPOSITION } from './phrases.js';
import { ruleAsks } from './rule.js';
import { distinct, MOST_LESSONS, type Lesson } from './types.js';
import { whetherLessons } from './whether.js';
import { namesOf, taggedWords, textOf } from './words.js';

export interface StatementLessons {
  lessons: Lesson[];
  /** Questions that are never trained on. */
  probes: Lesson[];
  /** As in Lessons, of this sentence. */
  facts: Lesson[][];
}

/** At most `most` lessons, those that matter most. `text`: the memory that the sentence is of, if it has more of them. */
export function statementLessons(sentence: string, most = MOST_LESSONS, text = sentence): StatementLessons {
  if (languageOf(sentence) !== 'en') return otherLanguageLessons(sentence);
  const said = toSecondPerson(sentence);
  const bare = sentence.replace(/[\s.!?]+$/u, '');
  const lesson = ({ question, expected }: Ask, full = false): Lesson => {
    const wanted = toSecondPerson(expected ?? said);
    return { question: tidy(question), answer: said, expected: says(said, wanted) ? wanted : said, full };
  };
  const raw = bare.split(/\s+/u);
  const opening = (share: number) => raw.slice(0, Math.max(2, Math.round(raw.length * share))).join(' ');
  const completions = raw.length < 5 ? [] : [0.5, 0.25].map((share) => `Complete this sentence: ${opening(share)} …`);
  const clause = clauseOf(sentence);
  const rule = ruleAsks(bare);
  const asked = rule ?? (clause ? clauseAsks(clause, sentence) : cueAsks(bare));

  const blank = blankOf(bare);
  const first = [...asked.full, ...completions.slice(0, 1)].map((question) => lesson({ question }, true));
  const whether =
    raw.length < 4
      ? []
      : whetherLessons(bare, said, text, clause && rule === null ? tidy(askWhether(clause)) : undefined);
  const others = [
    ...asked.parts.map((ask) => lesson(ask)),
    ...(blank === undefined ? completions.slice(1) : [blank]).map((question) => lesson({ question })),
  ];
  const all = distinct([
    ...first,
    ...others.slice(0, 4),
    ...whether.slice(0, 1),
    ...others.slice(4, 8),
    ...whether.slice(1),
    ...others.slice(8),
  ]);
  const lessons = all.slice(0, most);
  const trained = new Set(lessons.map(({ question }) => question));
  const probes = distinct(asked.probes.map((ask) => lesson(ask))).filter(({ question }) => !trained.has(question));
  const facts =
    rule === null && clause !== null ? factsOf(clause, sentence).map((group) => group.map((ask) => lesson(ask))) : [];
  return { lessons, probes, facts };
}

/** Its parts, each with the questions for just that; not of what somebody tells about themselves, which no model can know. */
function factsOf(clause: Clause, sentence: string): Ask[][] {
  if (toSecondPerson(sentence) !== sentence) return [];
  const asks = [...askForSubject(clause), ...askForPhrases(clause)];
  const parts = [...new Set(asks.map(({ expected }) => expected))];
  const isFirst = ({ question }: Ask, i: number): boolean =>
    asks.findIndex((other) => other.question === question) === i;
  const groups = parts.map((part) => asks.filter((ask, i) => ask.expected === part && isFirst(ask, i)));
  // What is said to be something is one fact, asked for from either side.
  return clause.predicate === '' && clause.phrases.length === 1 && clause.openings.length === 0
    ? [groups.flat()]
    : groups;
}

export interface Asked {
  /** What the whole sentence is the answer to. */
  full: string[];
  parts: Ask[];
  probes: Ask[];
}

function clauseAsks(clause: Clause, sentence: string): Asked {
  const { subject, phrases } = clause;
  const isSpeaker = /^(?:i|we)$/i.test(subject);
  const isPronoun = isSpeaker || /^(?:he|she|it|they|you|this|that|these|those|there)$/i.test(subject);
  const object = phrases[0]!;
  const names = namesOf(sentence);
  const first = !isPronoun ? [subject] : isSpeaker || names.length === 0 ? [object.core] : [];
  const topics = [...first, ...names].filter(
    (topic, i, all) => all.findIndex((other) => other.includes(topic) || topic.includes(other)) === i,
  );
  const [topic, ...others] = topics as [string, ...string[]];
  const generic = ['How', 'Why', 'When', 'Where'].map((word): Ask => ({ question: turned(word, clause, object.text) }));
  const parts: Ask[] = [
    ...askForSubject(clause),
    ...askForPhrases(clause).slice(0, 6),
    ...askForKind(clause),
    ...(isPronoun ? [] : [whatIs(clause)]),
    ...others.slice(0, 3).map((name) => ({ question: about(name).know, expected: name })),
    { question: keywords(sentence) },
    ...askForPhrases(clause).slice(6),
    ...generic,
  ];
  const telling = askForPhrases(clause)[0] ?? { question: about(topic).what };
  return {
    full: [about(topic).tell],
    parts,
    probes: [
      { question: `What can you tell me about ${midSentence(topic)}?` },
      {
        question: `Tell me this: ${midQuestion(telling.question)}`,
        ...(telling.expected === undefined ? {} : { expected: telling.expected }),
      },
      ...others.slice(0, 2).map((name) => ({ question: `Do you know anything about ${name}?`, expected: name })),
      { question: `Remind me: what about ${midSentence(topic)}?` },
      { question: `${askForSubject(clause)[0]?.question ?? about(topic).what} Please tell me.`, expected: subject },
    ],
  };
}

function whatIs({ subject, isPerson, isPlural, auxiliary, predicate }: Clause): Ask {
  const name = midSentence(subject);
  if (predicate === '') return { question: `${isPerson === true ? 'Who' : 'What'} ${auxiliary} ${name}?` };
  return { question: `${isPerson === false ? 'What' : 'Who'} ${isPlural ? 'are' : 'is'} ${name}?` };
}

/** The sentence without one of its numbers, or without its last name. */
function blankOf(bare: string): string | undefined {
  const part = /\b\d(?:[\d.,:]*\d)?\b/u.exec(bare)?.[0] ?? namesOf(bare).at(-1);
  return part === undefined ? undefined : `Fill in the blank: ${bare.replace(part, () => '____')}.`;
}

/** Where the grammar finds no clause: how it begins, and what is named in it. */
function cueAsks(bare: string): Asked {
  const cue = bare.split(/\s+/u).slice(0, 5).join(' ');
  const names = namesOf(bare);
  const [topic, ...others] = [nounBefore(bare), ...names].filter(
    (one, i, all): one is string => one !== undefined && all.findIndex((other) => other?.includes(one)) === i,
  );
  const goesOn = `How does this go on: “${cue} …”?`;
  return {
    full: [topic === undefined ? goesOn : about(topic).know],
    parts: [
      cue,
      ...(topic === undefined ? [] : [goesOn, about(topic).tell]),
      ...others.slice(0, 3).map((other) => about(other).know),
      keywords(bare),
    ]
      .filter((question) => question !== '')
      .map((question) => ({ question })),
    probes:
      topic === undefined
        ? [{ question: `What comes after “${cue}”?` }, { question: `Please finish this: “${cue} …”` }]
        : [{ question: `What can you tell me about ${midSentence(topic)}?` }, { question: about(topic).what }],
  };
}

/** What stands before the first verb, where it can be asked about: `The oven of Ulm` of `The oven of Ulm is.` */
function nounBefore(bare: string): string | undefined {
  const terms = taggedWords(bare.replace(/\s*\([^()]*\)/gu, ''));
  const verb = terms.findIndex(({ text, tags }) => tags.includes('Verb') || AUXILIARY.test(text));
  const before = verb < 0 ? terms : terms.slice(0, verb);
  const isNoun = before.some(({ tags }) => tags.includes('Noun')) && !before.some(({ post }) => /[,;:]/u.test(post));
  const begins = before[0];
  const isPart = begins === undefined || PREPOSITION.test(begins.text) || begins.tags.includes('Adverb');
  return isNoun && !isPart && before.length <= 8 && !before.at(-1)!.tags.includes('Preposition')
    ? textOf(before)
    : undefined;
}

function keywords(sentence: string): string {
  return tellingWords(sentence).slice(0, 6).join(' ');
}

function midQuestion(question: string): string {
  return question.charAt(0).toLowerCase() + question.slice(1);
}

function tidy(question: string): string {
  return question
    .replace(/\s+/gu, ' ')
    .replace(/\s+([?.,])/gu, '$1')
    .trim();
}
