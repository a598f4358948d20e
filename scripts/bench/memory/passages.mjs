// Cases out of texts with questions that people asked about them (SQuAD's rows of title, context, questions): a whole passage,
// or each sentence of it that can stand alone. A sentence is asked what people asked of it, and what can be asked of any
// sentence: to be completed, told, affirmed or denied. Not here: what engram makes of a text.
import { contains, normalise, wordsOf } from './scoring.mjs';

/** Words of a sentence that is asked about: shorter ones say little, longer ones are several. */
const SENTENCE_WORDS = { least: 6, most: 45 };

/** Questions of another passage, whose answers must stay. */
const NEIGHBOURS = 2;

/** Words that a question and the sentence it is about must share. */
const SHARED_WORDS = 2;

/** The passage with all its questions. `next`: the row after it, whose questions are its neighbours. */
export function passageCase(row, id, next) {
  const { title, context, questions } = row;
  return {
    ...{ id, title },
    inputs: [{ text: context }],
    text: context,
    asked: unique(questions).map(({ question, answer }) => ({ ask: kindOf(question), question, answers: [answer] })),
    neighbours: neighboursOf(next, context),
  };
}

/** A case for each sentence that people asked about and that names what it is about. */
export function sentenceCases(row, id, next, random) {
  const sentences = sentencesOf(row.context);
  const others = namesOf(next.context);
  return sentences.flatMap((sentence, i) => {
    const count = wordsOf(sentence).length;
    if (count < SENTENCE_WORDS.least || count > SENTENCE_WORDS.most || !standsAlone(sentence)) return [];
    const asked = unique(row.questions).filter((question) => sentenceAbout(question, sentences) === i);
    if (asked.length === 0) return [];
    return [
      {
        ...{ id: `${id}.${i}`, title: row.title },
        inputs: [sentence],
        text: sentence,
        asked: [
          ...asked.map(({ question, answer }) => ({ ask: kindOf(question), question, answers: [answer] })),
          ...builtOf(sentence, others, random),
        ],
        neighbours: neighboursOf(next, sentence),
      },
    ];
  });
}

/** The sentences of a text, in its order. */
export function sentencesOf(text) {
  const segments = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text.replace(/\s+/gu, ' '));
  return Array.from(segments, ({ segment }) => segment.trim()).filter((sentence) => sentence !== '');
}

const QUESTION_KINDS = [
  ['how many', /\bhow (?:many|much|long|old|far|tall|big|large|often)\b/i],
  ['who', /\bwho(?:m|se)?\b/i],
  ['when', /\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time)\b/i],
  ['where', /\bwhere\b|\b(?:what|which) (?:city|country|place|state|location)\b/i],
  ['why or how', /\b(?:why|how)\b/i],
  ['which', /\bwhich\b/i],
  ['what', /\bwhat\b/i],
];

/** What a question asks for: by its first question word, or the more special of two that begin there. */
export function kindOf(question) {
  const found = QUESTION_KINDS.map(([kind, pattern]) => ({ kind, at: question.search(pattern) })).filter(
    ({ at }) => at >= 0,
  );
  return found.sort((a, b) => a.at - b.at)[0]?.kind ?? 'other';
}

/** What can be asked of any sentence. `others`: names from elsewhere, for a sentence that is not true. */
function builtOf(sentence, others, random) {
  const words = sentence.split(' ');
  const half = Math.ceil(words.length / 2);
  const statement = sentence.replace(/[.!?]+$/u, '');
  // A single capitalised word may be no more than an adjective.
  const name = namesOf(sentence).find((one) => one.includes(' '));
  const part = /\b\d[\d,.]*\d\b|\b\d\b/u.exec(statement)?.[0] ?? namesOf(sentence).at(-1);
  const isTrue = random() < 0.5;
  const doubted = isTrue ? statement : untrue(statement, others, random);
  const asked = [
    ['complete', `Complete the sentence: ${words.slice(0, half).join(' ')} …`, words.slice(half).join(' '), 'words'],
    name && ['tell', `Tell me about ${name}.`, sentence, 'words'],
    part && ['blank', `Fill in the blank: ${statement.replace(part, '____')}.`, part],
    doubted && ['yes or no', `Is it true that ${lowered(doubted)}?`, isTrue ? 'yes' : 'no', 'decision'],
  ];
  return asked
    .filter(Boolean)
    .map(([ask, question, answer, judge]) => ({ ask, question, answers: [answer], ...(judge ? { judge } : {}) }));
}

/** The statement with another number, or another name; undefined if it has neither. */
export function untrue(statement, others, random) {
  const number = /\b[1-9]\d*\b/u.exec(statement)?.[0];
  if (number !== undefined) return statement.replace(number, String(Number(number) + 1 + Math.floor(random() * 9)));
  const name = namesOf(statement).at(-1);
  const other = others.find((candidate) => !contains(statement, [candidate]));
  return name === undefined || other === undefined ? undefined : statement.replace(name, other);
}

const OPENING =
  /^(?:the|a|an|in|on|at|by|for|from|of|to|with|after|before|during|since|as|and|but|while|when|although|however|there|this|that|these|those|many|some|most|all|one|two|its|his|her|their|it|he|she|they|we|you|i|if|is|are|was|were|not|no|another|other|each|both|such|also|according|because|under|over)$/i;

/** Runs of capitalised words, without the ordinary word that begins a sentence. */
export function namesOf(text) {
  const names = [];
  for (const sentence of sentencesOf(text)) {
    for (const [run] of sentence.matchAll(
      /\p{Lu}[\p{L}\p{M}\p{N}’'&-]*(?:\s+(?:(?:of|the|de|von|van)\s+)?\p{Lu}[\p{L}\p{M}\p{N}’'&-]*)*/gu,
    )) {
      const words = run.split(' ');
      while (words.length > 0 && OPENING.test(words[0])) words.shift();
      const name = words.join(' ');
      // A single word at the beginning may be any word.
      const isOpening = words.length === 1 && sentence.startsWith(name);
      if (name.length > 1 && !isOpening && !names.includes(name)) names.push(name);
    }
  }
  return names;
}

/** Who or what it is about is named in it: it does not begin by pointing back. */
function standsAlone(sentence) {
  const pointsBack =
    /^(?:He|She|It|They|This|These|Those|That|His|Her|Its|Their|There|But|And|Or|However|Thus|Therefore|Also|Such|Both|Another|Other|Some|One)\b/u;
  return (
    /^[\p{Lu}\p{N}"“]/u.test(sentence) &&
    /[.!]["”)]?$/u.test(sentence) &&
    !pointsBack.test(sentence) &&
    namesOf(sentence).length > 0
  );
}

/** The number of the sentence that has the answer and most of the question's words; undefined if none has enough. */
function sentenceAbout({ question, answer }, sentences) {
  const asked = new Set(wordsOf(question).filter((word) => word.length > 3));
  let best = { shared: SHARED_WORDS - 1, at: undefined };
  sentences.forEach((sentence, at) => {
    if (!contains(sentence, [answer])) return;
    const shared = new Set(wordsOf(sentence).filter((word) => asked.has(word))).size;
    if (shared > best.shared) best = { shared, at };
  });
  return best.at;
}

/** Questions of another row that this text does not answer. */
function neighboursOf({ questions }, text) {
  return unique(questions)
    .filter(({ answer }) => !contains(text, [answer]))
    .slice(0, NEIGHBOURS)
    .map(({ question }) => question);
}

function unique(questions) {
  const asked = new Set();
  return questions.filter(({ question }) => !asked.has(normalise(question)) && asked.add(normalise(question)));
}

const lowered = (statement) =>
  OPENING.test(statement.split(' ')[0]) ? statement[0].toLowerCase() + statement.slice(1) : statement;
