// The phrases of an English clause: cut where they part, with what each tells (when, where, how many …) and whether it can be asked
// for by itself. Not here: the clause they stand in (clause.ts) and the questions (asks.ts).
import { DAY, MONTH, textOf, type Tagged } from './words.js';

/** What a phrase answers. */
export type Tells = 'who' | 'when' | 'how long' | 'where' | 'how many' | 'how much' | 'how' | 'why' | 'what';

export interface Phrase {
  /** As it stands in the sentence, without the punctuation around it. */
  text: string;
  tells: Tells;
  /** Without its preposition: `in the museum` → `the museum`. */
  core: string;
  /** The words of the core. */
  words: readonly Tagged[];
  /** The preposition or conjunction it begins with, in lower case. */
  lead?: string;
  /** Of `how many`: what is counted (`seven parrots` → `parrots`). */
  counted?: string;
  /** What it is to the clause. `relative`: tells about the noun before it (`who led the team`). `other`: a clause of its own, one
   * more of a list, an apposition, a participle (`throwing it away`), and what belongs to these: not to be asked for. */
  role: 'part' | 'relative' | 'other';
}

export const AUXILIARY =
  /^(?:is|are|was|were|am|be|been|being|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should)$/i;
export const PREPOSITION =
  /^(?:in|on|at|by|for|from|with|using|during|after|before|since|until|because|while|when|where|to|into|onto|over|under|about|as|between|against|through|throughout|within|without|near|across|along|around|behind|above|below|towards?|upon|via|despite|due|except|every|each|who|which|that|whose|and|but|or|so|if|although|unlike|like|among)$/i;
const YEAR = /\b(?:1\d{3}|20\d{2})s?\b|\bcentury\b|\b\d+ ?(?:BC|AD|BCE|CE|am|pm|a\.m\.|p\.m\.)\b|\b\d{1,2}:\d{2}\b/;
const UNIT = /\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries|century)\b/i;
/** Begins what is told besides: another clause, or one more of a list. */
const BESIDES = /^(?:and|or|but|so|while|where|whose|if|although|unlike|like|except|despite)\b/;
/** Begins a clause, which goes on to the next comma. */
const CLAUSE = /^(?:who|which|that|when|because|while|where|whose|if|although)$/i;
/** What may stand before a number and still be a part of how many. */
const ABOUT =
  /^(?:about|some|over|more|than|less|fewer|nearly|almost|only|just|at|least|most|around|approximately|roughly|up|to|all|another|exactly|under|his|her|its|their|the|my|our)$/i;

/** What follows the verb, cut at prepositions, conjunctions and commas; what belongs to a noun (`of …`) stays with it. */
export function phrasesOf(terms: readonly Tagged[]): Phrase[] {
  const groups: { terms: Tagged[]; isApart: boolean }[] = [];
  let isApart = false;
  for (const term of terms) {
    const last = groups.at(-1);
    // `along with`, `in under 20 seconds`: one phrase.
    const isInside = last !== undefined && CLAUSE.test(last.terms[0]!.text) && !/^(?:and|or|but|so)$/i.test(term.text);
    // `able to swim`, `based on it`
    const isUnfinished = groups.length === 1 && last?.terms.length === 1 && isAdjective(last.terms[0]!);
    const goesOn =
      !isApart && (isInside || isUnfinished || last?.terms.every(({ text }) => PREPOSITION.test(text)) === true);
    if (last === undefined || isApart || (PREPOSITION.test(term.text) && !goesOn))
      groups.push({ terms: [term], isApart });
    else last.terms.push(term);
    isApart = /[,;:–—]/.test(term.post);
  }
  const phrases = groups.map(phraseOf).filter(({ core, lead }) => /[\p{L}\p{N}]/u.test(core) && lead !== 'of');
  const end = phrases.findIndex(endsClause);
  // Behind a noun `that he built` tells about it.
  const isNoted = ({ lead, role }: Phrase, i: number): boolean => i > 0 && lead === 'that' && role === 'part';
  return phrases.map((phrase, i) =>
    (end >= 0 && i > end) || isNoted(phrase, i) ? { ...phrase, role: 'other' } : phrase,
  );
}

function isAdjective({ text, tags }: Tagged): boolean {
  return tags.includes('Adjective') || (tags.includes('PastTense') && !PREPOSITION.test(text));
}

/** Whether what follows belongs to this phrase: a noun in a list takes nothing. */
function endsClause({ role, lead = '', words }: Phrase): boolean {
  if (role === 'part') return false;
  const [first] = words;
  return (
    role === 'relative' || !/^(?:and|or|)$/.test(lead) || first?.tags.includes('Verb') === true || hasClause(words)
  );
}

function phraseOf({ terms, isApart }: { terms: readonly Tagged[]; isApart: boolean }): Phrase {
  const first = terms[0]!.text.toLowerCase();
  const leads = terms.findIndex(({ text }) => !PREPOSITION.test(text) && text.toLowerCase() !== 'of');
  const words = /^(?:every|each)$/.test(first) ? terms : terms.slice(Math.max(0, leads));
  const lead = leads > 0 || first === 'of' ? textOf(terms.slice(0, Math.max(1, leads))).toLowerCase() : undefined;
  const core = textOf(words);
  const tells = tellsOf(first, words, core);
  const counted = tells === 'how many' ? { counted: countedIn(words)! } : {};
  const role = roleOf(first, lead, words, tells, isApart);
  return { text: textOf(terms), tells, core, words, ...(lead === undefined ? {} : { lead }), ...counted, role };
}

function roleOf(
  first: string,
  lead: string | undefined,
  words: readonly Tagged[],
  tells: Tells,
  isApart: boolean,
): Phrase['role'] {
  const begins = words.find(({ tags }) => !tags.includes('Adverb'));
  if (/^(?:who|which|that)$/.test(first)) {
    const isSubject = begins !== undefined && (begins.tags.includes('Verb') || AUXILIARY.test(begins.text));
    if (isSubject) return 'relative';
    const isTold = words.some(({ tags }, i) => i > 0 && tags.includes('Verb') && !tags.includes('Gerund'));
    return first === 'that' && !isApart && isTold ? 'part' : 'other'; // `stated that he was ill`
  }
  if (lead !== undefined && / (?:which|whom|whose)$/.test(lead)) return 'other';
  if (/^(?:when|because)$/.test(first) && !words.some(({ tags }) => tags.includes('Verb'))) return 'other';
  if (BESIDES.test(first) || (isApart && lead === undefined)) return 'other';
  if (lead === undefined && begins?.tags.includes('Gerund') === true && isApart) return 'other';
  const isTimeOrReason = tells === 'when' || tells === 'why' || tells === 'how';
  return isTimeOrReason || !hasClause(words) ? 'part' : 'other';
}

/** A finite verb with something before it: `Malik Jackson recovered it`. */
function hasClause(words: readonly Tagged[]): boolean {
  return words.some(
    ({ text, tags }, i) =>
      i > 0 &&
      i < words.length - 1 && // `the museum built` goes on with `by …`
      (AUXILIARY.test(text) || tags.includes('PastTense')) &&
      !/^to$/i.test(words[i - 1]!.text),
  );
}

function tellsOf(lead: string, terms: readonly Tagged[], core: string): Tells {
  const has = (tag: string) => terms.some(({ tags }) => tags.includes(tag));
  const first = terms[0];
  const last = terms.at(-1);
  const isDate =
    YEAR.test(core) ||
    MONTH.test(core.replace(/\bmay\b/gu, '')) ||
    (terms.length < 5 && DAY.test(core.replace(/-day\b/gu, '')));
  const number = terms.some(({ tags }) => tags.includes('Value'));
  if (lead === 'because' || lead === 'due') return 'why';
  if (lead === 'to' && first?.tags.includes('Verb') === true && !AUXILIARY.test(first.text)) return 'why';
  if (lead === 'using' || (/^(?:by|through)$/.test(lead) && first?.tags.includes('Gerund') === true)) return 'how';
  if (UNIT.test(core) && number && /^(?:in|for|over|within|under)$/.test(lead) && terms.length < 7) return 'how long';
  if (isDate || /^(?:after|before|since|until|during|when|every|each)$/.test(lead)) return 'when';
  if (/[$€£¥%]|\bpercent\b|\bdollars\b|\beuros\b/i.test(core)) return 'how much';
  if (countedIn(terms) !== undefined) return 'how many';
  const isPerson = last?.tags.includes('Person') === true || (has('Person') && last?.tags.includes('Actor') === true);
  if (isPerson && !has('Place')) return 'who';
  if (lead === 'in' && last?.tags.includes('Plural') === true && !has('Place')) return 'what'; // `led in tackles`
  if (has('Place') || /^(?:in|on|at|near|into|across|behind|above)$/.test(lead)) return 'where';
  if (lead === 'with' && !terms.every(({ tags }) => tags.includes('Value'))) return 'how';
  return 'what';
}

/** What is counted in `about seven green parrots`, but not in `level 3 of …` or `a 12–4 record`: more than one of it. */
function countedIn(terms: readonly Tagged[]): string | undefined {
  const number = terms.findIndex(({ tags }) => tags.includes('Value'));
  if (number < 0 || !terms.slice(0, number).every(({ text }) => ABOUT.test(text))) return undefined;
  const behind = terms.slice(number + 1, number + 4);
  const noun = behind.findIndex(({ tags }) => tags.includes('Plural'));
  const between = behind.slice(0, noun);
  if (noun < 0 || !between.every(({ tags }) => tags.includes('Adjective') || tags.includes('Noun'))) return undefined;
  const counted = textOf(behind.slice(0, noun + 1));
  return /[,;:()]/u.test(counted) ? undefined : counted;
}
