// The questions that a clause answers: for its subject, its verb and each of its phrases, the one that asks for just that. What
// comes first asks for what people ask for most. English; not here: the grammar (clause.ts) and the answers (statement.ts).
import { lowerFirst } from '../text.js';
import type { Clause, Phrase, Tells } from './clause.js';
import { midSentence } from './person.js';

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
  if (/^(?:i|we)$/i.test(subject)) return [];
  const kind = isPerson === true ? null : headNoun(subject);
  const [first, second] = isPerson === undefined ? ['Who', 'What'] : isPerson ? ['Who', 'Who'] : ['What', 'What'];
  return [
    { question: `${first} ${verb} ${tail(clause, 2)}?`, expected: subject },
    { question: `${kind === null ? second : `Which ${kind}`} ${verb} ${tail(clause, 1)}?`, expected: subject },
  ];
}

/** The first phrases behind the verb, as far as they belong together. */
function tail({ phrases }: Clause, most: number): string {
  const apart = phrases.findIndex((phrase, i) => i > 0 && (phrase.isApart || isRelative(phrase)));
  return phrases
    .slice(0, apart < 0 ? most : Math.min(most, apart))
    .map(({ text }) => text)
    .join(' ');
}

/** For each phrase, the telling ones (a time, a place, a number …) first. */
export function askForPhrases(clause: Clause): Ask[] {
  const { phrases, openings } = clause;
  const asks = [
    ...openings.map((phrase) => ({ isTelling: true, ask: askFor(clause, phrase, tail(clause, 2)) })),
    ...phrases.flatMap((phrase, i) => {
      const ask = isRelative(phrase)
        ? askForRelative(phrase, phrases[i - 1])
        : askFor(clause, phrase, i > 0 ? tail(clause, 1) : restAfterFirst(clause));
      return ask === null ? [] : [{ isTelling: phrase.tells !== 'what', ask }];
    }),
  ];
  return [...asks.filter(({ isTelling }) => isTelling), ...asks.filter(({ isTelling }) => !isTelling)].map(
    ({ ask }) => ask,
  );
}

function askFor(clause: Clause, phrase: Phrase, rest: string): Ask {
  const { tells, counted, lead, core } = phrase;
  if (tells === 'what' && lead !== undefined && !/^(?:and|or|but|so)$/.test(lead)) {
    // `What did she serve as?`
    const object = rest === tail(clause, 1) && rest !== phrase.text ? rest : '';
    return { question: turned('What', clause, `${object} ${lead}`.trim()), expected: core };
  }
  const word = tells === 'how many' && counted !== undefined ? `How many ${counted}` : WORDS[tells];
  return {
    question: turned(word, clause, tells === 'what' && clause.phrases[0] !== phrase ? '' : rest),
    expected: core,
  };
}

function restAfterFirst(clause: Clause): string {
  return tail(clause, 2).slice(clause.phrases[0]!.text.length).trim();
}

/** `…, who led the team` asks for the one before: `Who led the team?` */
function askForRelative(phrase: Phrase, before: Phrase | undefined): Ask | null {
  if (before === undefined || phrase.core === '') return null;
  return { question: `${phrase.lead === 'who' ? 'Who' : 'What'} ${phrase.core}?`, expected: before.core };
}

function isRelative({ lead }: Phrase): boolean {
  return lead === 'who' || lead === 'which' || lead === 'that';
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
  const object = clause.phrases[0]!;
  const words = object.core
    .replace(/^(?:an?|the|his|her|their|its|my|our)\s+/iu, '')
    .split(' of ')[0]!
    .split(/\s+/u);
  const noun = words.at(-1)!;
  if (words.length < 2 || words.length > 5 || !/^\p{Ll}+$/u.test(noun)) return [];
  return [{ question: turned(`What kind of ${noun}`, clause, ''), expected: words.slice(0, -1).join(' ') }];
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
