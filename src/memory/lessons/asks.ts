// The questions that a clause answers: for its subject, its verb and each of its phrases, the one that asks for just that. What
// comes first asks for what people ask for most. English; not here: the grammar (clause.ts) and the answers (statement.ts).
import { lowerFirst } from '../text.js';
import type { Clause } from './clause.js';
import { midSentence } from './person.js';
import { AUXILIARY, type Phrase, type Tells } from './phrases.js';
import { textOf } from './words.js';

export interface Ask {
  question: string;
  /** What of the sentence answers it; all of it, if left out. */
  expected?: string;
}

const WORDS: Readonly<Record<Tells, string>> = {
  who: 'Who',
  when: 'When',
  'how long': 'How long',
  where: 'Where',
  'how many': 'How many',
  'how much': 'How much',
  how: 'How',
  why: 'Why',
  what: 'What',
};

/** For the subject: `Who painted the lighthouse?` */
export function askForSubject(clause: Clause): Ask[] {
  const { subject, isPerson, verb } = clause;
  if (/^(?:i|we|you|there)$/i.test(subject)) return [];
  const kind = isPerson === true ? null : headNoun(subject);
  if (clause.auxiliary === 'do' && kind === null) return []; // `Who measure …`
  const [first, second] = isPerson === undefined ? ['Who', 'What'] : isPerson ? ['Who', 'Who'] : ['What', 'What'];
  return [
    { question: `${first} ${verb} ${tail(clause, 2)}?`, expected: subject },
    { question: `${kind === null ? second : `Which ${kind}`} ${verb} ${tail(clause, 1)}?`, expected: subject },
  ];
}

/** The first phrases behind the verb, as far as they belong together. */
function tail({ phrases }: Clause, most: number): string {
  const apart = phrases.findIndex(({ role }) => role !== 'part');
  return phrases
    .slice(0, apart < 0 ? most : Math.min(most, apart))
    .map(({ text }) => text)
    .join(' ');
}

/** Prepositions that may end a question: `What did she serve as?` */
const ENDS = /^(?:in|on|at|by|for|from|with|to|into|over|under|about|as|against|through|near|behind|above|below|via)$/;

/** For each phrase that can be asked for, the telling ones (a time, a place, a number …) first. */
export function askForPhrases(clause: Clause): Ask[] {
  const { phrases, openings } = clause;
  const asks = [...openings, ...phrases].flatMap((phrase) => {
    const before = phrases[phrases.indexOf(phrase) - 1];
    const ask = phrase.role === 'relative' ? askForRelative(phrase, before) : askFor(clause, phrase);
    return ask === null ? [] : [{ isTelling: phrase.tells !== 'what', ask }];
  });
  return [...asks.filter(({ isTelling }) => isTelling), ...asks.filter(({ isTelling }) => !isTelling)].map(
    ({ ask }) => ask,
  );
}

/** Null where no question asks for just that. */
function askFor(clause: Clause, phrase: Phrase): Ask | null {
  const { counted, lead, core, role } = phrase;
  if (role !== 'part') return null;
  const isFirst = phrase === clause.phrases[0];
  if (isFirst && clause.predicate === '' && /^(?:it|this|that|these|those|there)$/i.test(clause.subject)) return null;
  // What is done to a place is done to a thing: `used the practice grounds`.
  const isObject = isFirst && lead === undefined && /^(?:where|how)$/.test(phrase.tells);
  const tells = isObject ? 'what' : phrase.tells;
  const isOpening = clause.openings.includes(phrase);
  const rest = isFirst ? restAfterFirst(clause) : tail(clause, isOpening ? 2 : 1);
  const ask = (word: string, end = rest): Ask => ({ question: turned(word, clause, end), expected: core });
  const [first] = phrase.words;
  if (lead === 'to' && first !== undefined && (first.tags.includes('Verb') || AUXILIARY.test(first.text))) {
    // `planned to leave`, but `sold the boat to pay for the roof`
    return isFirst ? ask('What', 'to do') : tells === 'why' ? ask('Why') : null;
  }
  if (lead === 'that') return isFirst ? ask('What', '') : null;
  const word = tells === 'how many' ? `How many ${counted!}` : WORDS[tells];
  if (['when', 'where', 'how', 'how long', 'why'].includes(tells)) return ask(word);
  if (lead === undefined) return isFirst ? ask(word) : null;
  if (!ENDS.test(lead) || isOpening) return null;
  return ask(word, isFirst ? lead : `${rest} ${lead}`);
}

function restAfterFirst(clause: Clause): string {
  return tail(clause, 2).slice(clause.phrases[0]!.text.length).trim();
}

/** `…, who led the team` asks for the one before: `Who led the team?` */
function askForRelative(phrase: Phrase, before: Phrase | undefined): Ask | null {
  if (before?.role !== 'part' || before.lead === 'that' || !phrase.core.includes(' ')) return null;
  return { question: `${phrase.lead === 'who' ? 'Who' : 'What'} ${phrase.core}?`, expected: before.core };
}

/** `Did Ota Melik paint the lighthouse in 1911` with or without a question word before it. */
export function turned(word: string, clause: Clause, rest: string): string {
  const subject = midSentence(clause.subject);
  const parts = [word, clause.auxiliary, /^i$/i.test(subject) ? 'I' : subject, clause.predicate, rest];
  const text = parts.filter((part) => part !== '').join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}?`;
}

/** Whether it is so: `Was the lighthouse painted green?` */
export function askWhether(clause: Clause): string {
  return turned('', clause, tail(clause, 2));
}

/** For the kind of what the verb is about: `a goose race` → `What kind of race does the village hold?` */
export function askForKind(clause: Clause): Ask[] {
  const { words, lead } = clause.phrases[0]!;
  const end = words.findIndex(({ text }) => text === 'of');
  const named = (end < 0 ? words : words.slice(0, end)).filter(
    ({ tags }, i) => i > 0 || !(tags.includes('Determiner') || tags.includes('Possessive')),
  );
  const [noun, ...kinds] = [...named].reverse();
  const isKind = ({ tags, post }: (typeof named)[number]) =>
    (tags.includes('Adjective') || tags.includes('Noun')) && !tags.includes('Value') && !/[,;:]/.test(post);
  if (lead !== undefined || noun === undefined || !/^\p{Ll}+$/u.test(noun.text) || !noun.tags.includes('Noun'))
    return [];
  if (kinds.length === 0 || kinds.length > 4 || !kinds.every(isKind)) return [];
  return [{ question: turned(`What kind of ${noun.text}`, clause, ''), expected: textOf(kinds.reverse()) }];
}

/** About what is named: `Tell me about the lighthouse.` */
export function about(phrase: string): Record<'tell' | 'know' | 'what', string> {
  const inside = midSentence(phrase);
  return { tell: `Tell me about ${inside}.`, know: `What do you know about ${inside}?`, what: `What about ${inside}?` };
}

/** The common noun that a subject is one of: `The village of Ostrava` → `village`, `The old mill` → `mill`. */
function headNoun(subject: string): string | null {
  const bare = lowerFirst(subject).replace(/^(?:the|an?|this|that|his|her|its|their|my|our)\s+/u, '');
  if (bare === lowerFirst(subject)) return null;
  const noun = bare
    .split(/\s+(?:of|in|for|at|that|who|which|between)\s+/u)[0]!
    .split(/\s+/u)
    .at(-1)!;
  return /^\p{Ll}{3,}$/u.test(noun) ? noun : null;
}
