// The main clause of an English sentence: who does what, and the phrases behind the verb (phrases.ts). By rules over the classes of
// its words (words.ts); where they find no clause there is none. Not here: the questions that are made of it (asks.ts).
import nlp from 'compromise';
import { AUXILIARY, phrasesOf, PREPOSITION, type Phrase } from './phrases.js';
import { MONTH, taggedWords, textOf, type Tagged } from './words.js';

export interface Clause {
  subject: string;
  /** Whether the subject is a person; undefined of a name that may be one. */
  isPerson: boolean | undefined;
  isPlural: boolean;
  /** The verb as it stands: `was built`. */
  verb: string;
  /** To make a question: `was`, `did` … */
  auxiliary: string;
  /** What stays behind the subject then: `built`, `set` …; empty for a plain `is`. */
  predicate: string;
  /** The phrases behind the verb, in order; at least one, and the first is a part. */
  phrases: Phrase[];
  /** The phrases before the subject: `In 1911`. */
  openings: Phrase[];
}

const PARTICLE = /^(?:up|out|off|down|away|back)$/i;
/** `In addition, …` tells nothing. */
const EMPTY = /^(?:addition|general|fact|contrast|turn|part|particular|total|all|order|case)$/i;
const RELATIVE = /^(?:who|which|that|whom|whose|where|when|while|because|although|as|if)$/i;

/** The main clause, or null where the rules find none. */
export function clauseOf(sentence: string): Clause | null {
  const terms = taggedWords(sentence.replace(/\s*\([^()]*\)/gu, '')); // what is in brackets is told besides
  if (isImperative(terms)) return null;
  // What opens the sentence may have a verb of its own (`When the rain came, …`): it ends at its comma.
  const comma = isOpening(terms) ? terms.findIndex(({ post }) => post.includes(',')) : -1;
  const isClause = /^(?:when|while|if|because|although|as|once|whenever|unless)$/i.test(terms[0]?.text ?? '');
  return (isClause ? null : clauseFrom(terms, 0)) ?? (comma < 0 ? null : clauseFrom(terms, comma + 1));
}

/** `Ignore the alarm and call Tom.` has no subject. */
function isImperative([first, second]: readonly Tagged[]): boolean {
  if (first === undefined || second?.tags.includes('PastTense') === true) return false; // `Manning finished …`
  return first.tags.includes('Imperative') || first.tags.includes('Infinitive');
}

function clauseFrom(terms: readonly Tagged[], from: number): Clause | null {
  const first = mainVerb(terms, from);
  if (first === null) return null;
  const { subject: subjectTerms, opening } = partedBefore(terms.slice(0, first.start));
  const verb = lastOfVerbs(terms, first);
  while (subjectTerms.length > 1 && isAdverb(subjectTerms.at(-1)!)) subjectTerms.pop();
  const subject = textOf(subjectTerms);
  if (subject === '' || subjectTerms.length > 14 || PREPOSITION.test(subject)) return null;
  // `discovered independently by …`: what happened can be asked for without how.
  const behind = terms.slice(verb.end);
  const how = behind.findIndex(({ tags }) => !tags.includes('Adverb'));
  const isHow = how > 0 && PREPOSITION.test(behind[how]!.text);
  const [object, ...others] = phrasesOf(isHow ? behind.slice(how) : behind);
  // What follows the verb with no word between is what it is about: `said he was ill`.
  if (object === undefined || (object.role !== 'part' && object.lead !== undefined)) return null;
  const said = terms.slice(verb.start, verb.end).map(({ text }) => text);
  return {
    subject,
    isPerson: isPerson(subjectTerms, subject),
    isPlural: isPlural(subjectTerms),
    verb: said.join(' '),
    ...inverted(said, subject, isPlural(subjectTerms)),
    phrases: [{ ...object, role: 'part' }, ...others],
    openings: phrasesOf(opening).filter(
      ({ tells, role, core }) => tells !== 'what' && role === 'part' && !EMPTY.test(core),
    ),
  };
}

/** `last` of `The team last wore …` too. */
function isAdverb({ text, tags }: Tagged): boolean {
  return tags.includes('Adverb') || /^(?:last|first|later)$/.test(text);
}

/** The first finite verb with its auxiliaries that stands in no clause of its own (`who led …`, `that contain …`). */
function mainVerb(terms: readonly Tagged[], from: number): { start: number; end: number } | null {
  let isSubordinate = false;
  for (let i = from; i < terms.length; i++) {
    const { text, tags, post } = terms[i]!;
    const isVerb = (tags.includes('Verb') || AUXILIARY.test(text)) && !/^AM$/.test(text) && !PREPOSITION.test(text);
    const before = terms[i - 1]?.text ?? '';
    if (RELATIVE.test(text) && !(i === 0 && /^that$/i.test(text))) isSubordinate = true;
    else if (isVerb && i > 0 && !/^to$/i.test(before) && (!tags.includes('Gerund') || AUXILIARY.test(text))) {
      const end = endOfVerb(terms, i);
      const isReduced = end === i + 1 && !AUXILIARY.test(text) && isParticipleBefore(terms, i);
      if (isSubordinate) i = end - 1;
      else if (!isReduced) return { start: i, end };
      isSubordinate = false;
    } else if (/[,;:]/.test(post) && isSubordinate && i > 3) {
      isSubordinate = false;
    }
  }
  return null;
}

/** Of `voted and awarded the game` the second, which has the object. */
function lastOfVerbs(terms: readonly Tagged[], verb: { start: number; end: number }): { start: number; end: number } {
  const [and, next] = terms.slice(verb.end);
  const isOneMore = and !== undefined && /^(?:and|or)$/i.test(and.text) && next?.tags.includes('PastTense') === true;
  return isOneMore ? { start: verb.end + 1, end: endOfVerb(terms, verb.end + 1) } : verb;
}

/** `invented by Tesla` in `the technologies invented by Tesla are …`: a participle with a verb to come in the same breath. */
function isParticipleBefore(terms: readonly Tagged[], i: number): boolean {
  if (!/(?:ed|en|wn|de|lt|pt|ught)$/i.test(terms[i]!.text)) return false;
  if (!/^(?:by|in|or|on|from|with|at|during|as|for)$/i.test(terms[i + 1]?.text ?? '')) return false;
  for (let k = i + 1; k < Math.min(terms.length, i + 9); k++) {
    const { text, post } = terms[k - 1]!;
    if (/[,;:]/.test(post) || RELATIVE.test(text) || (k > i + 3 && /^(?:and|but)$/i.test(text))) return false;
    if (AUXILIARY.test(terms[k]!.text)) return true;
  }
  return false;
}

/** With its particle: `gave up`. */
function endOfVerb(terms: readonly Tagged[], start: number): number {
  const end = endOfForms(terms, start);
  return PARTICLE.test(terms[end]?.text ?? '') && terms[end - 1]!.post === ' ' ? end + 1 : end;
}

function endOfForms(terms: readonly Tagged[], start: number): number {
  let end = start + 1;
  if (!AUXILIARY.test(terms[start]!.text)) return end;
  for (let i = start + 1; i < terms.length; i++) {
    const { text, tags } = terms[i]!;
    if (/[,;:]/.test(terms[i - 1]!.post)) break;
    const isParticiple = tags.includes('Verb') || /(?:..ed|ought|uilt|wn)$/.test(text);
    if (AUXILIARY.test(text)) end = i + 1;
    else if (isParticiple && !/^to$/i.test(text)) return i + 1;
    else if (!(tags.includes('Adverb') || tags.includes('Negative'))) break;
  }
  return end;
}

/** What stands before the verb: the subject without its appositions, and what opens the sentence (`With great care, …`, `In
 * 2005 …`). */
function partedBefore(terms: readonly Tagged[]): { subject: Tagged[]; opening: Tagged[] } {
  const segments: Tagged[][] = [[]];
  for (const term of terms) {
    segments.at(-1)!.push(term);
    if (/[,;:–—]/.test(term.post)) segments.push([]);
  }
  const filled = segments.filter((segment) => segment.length > 0);
  const opening: Tagged[] = [];
  while (filled.length > 1 && (isOpening(filled[0]!) || (opening.length > 0 && isDate(filled[0]!)))) {
    opening.push(...filled.shift()!);
  }
  const segment = filled[0] ?? [];
  if (!isOpening(segment)) return { subject: segment, opening };
  // `In 2005 the factory`: the time ends where an article, a pronoun or a name follows a date.
  const after = segment.findIndex(
    ({ text, tags }, i) =>
      i > 1 &&
      (tags.includes('Determiner') || tags.includes('Pronoun') || (/^\p{Lu}/u.test(text) && !MONTH.test(text))),
  );
  if (after < 0) return { subject: [], opening: segment };
  return { subject: segment.slice(after), opening: [...opening, ...segment.slice(0, after)] };
}

function isOpening(segment: readonly Tagged[]): boolean {
  const [first] = segment;
  if (first === undefined) return false;
  const isLater = /^(?:later|earlier|ago|afterwards?|before)$/i.test(segment.at(-1)!.text);
  // `Manning` and `Manning and Newton` are names.
  const isGerund = first.tags.includes('Gerund') && !/^(?:and|or)?$/i.test(segment[1]?.text ?? '');
  return isLater || PREPOSITION.test(first.text) || isGerund || first.tags.includes('Adverb');
}

/** `2013` in `On May 21, 2013, the owners …`. */
function isDate(segment: readonly Tagged[]): boolean {
  return segment.every(({ tags }) => tags.includes('Date') || tags.includes('Value'));
}

function inverted(said: readonly string[], subject: string, isMany: boolean): { auxiliary: string; predicate: string } {
  const [first, ...others] = said as [string, ...string[]];
  const isMain = !others.some((word) => !PARTICLE.test(word)) && /^(?:do|does|did|has|have|had)$/i.test(first);
  if (AUXILIARY.test(first) && !isMain) return { auxiliary: first.toLowerCase(), predicate: others.join(' ') };
  const infinitive = infinitiveOf(first.toLowerCase());
  const lower = first.toLowerCase();
  const isPresent = lower !== infinitive && lower.endsWith('s');
  // A verb that looks like its plain form (`set`) is the present only after a plural or a pronoun, and even then often the past.
  const isPresentForm = isMany || /^(?:i|you|we|they)$/i.test(subject);
  const auxiliary = isPresent
    ? 'does'
    : isPresentForm &&
        lower === infinitive &&
        !/^(?:set|put|cut|hit|let|read|beat|shut|hurt|cost|spread|quit|split|cast|burst)$/.test(lower)
      ? 'do'
      : 'did';
  return { auxiliary, predicate: [infinitive, ...others].join(' ') };
}

/** `sold` → `sell`. */
export function infinitiveOf(verb: string): string {
  const doc = nlp(verb);
  doc.tag('Verb');
  const infinitive = doc.verbs().toInfinitive().text().trim();
  return infinitive === '' ? verb : infinitive;
}

function isPerson(terms: readonly Tagged[], subject: string): boolean | undefined {
  if (/^(?:i|we|he|she|they|you)$/i.test(subject)) return true;
  if (/^(?:it|this|that|these|those|there)$/i.test(subject)) return false;
  const has = (tag: string) => terms.some(({ tags }) => tags.includes(tag));
  if (has('Person') || has('Actor')) return true;
  const isName =
    terms.length <= 3 &&
    terms.every(({ text }) => /^(?:\p{Lu}|and$)/u.test(text)) &&
    !/^(?:The|An?)$/u.test(terms[0]!.text);
  return isName && !has('Organization') && !has('Place') ? undefined : false;
}

function isPlural(terms: readonly Tagged[]): boolean {
  const end = terms.findIndex(({ text }, i) => i > 0 && (PREPOSITION.test(text) || text === 'of') && text !== 'and');
  const named = end < 0 ? terms : terms.slice(0, end);
  const last = named.at(-1);
  // `the Panthers`, which is a name to the library
  const isTeam = /^the$/i.test(named[0]?.text ?? '') && /\p{L}{2}[^s'’]s$/u.test(last?.text ?? '');
  return named.some(({ text }) => text === 'and') || isTeam || last?.tags.includes('Plural') === true;
}
