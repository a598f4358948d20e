// The main clause of an English sentence: who does what, and the phrases behind the verb with what they tell (when, where, how
// many …). By rules over the word classes that the compromise library gives; where they find no clause there is none. Not
// here: the questions that are made of it (asks.ts).
import nlp from 'compromise';

/** What a phrase answers. */
export type Tells = 'who' | 'when' | 'how long' | 'where' | 'how many' | 'how much' | 'how' | 'why' | 'what';

export interface Phrase {
  /** As it stands in the sentence, without the punctuation around it. */
  text: string;
  tells: Tells;
  /** Without its preposition: `in the museum` → `the museum`. */
  core: string;
  /** The preposition or conjunction it begins with, in lower case. */
  lead?: string;
  /** Of `how many`: what is counted (`seven parrots` → `parrots`). */
  counted?: string;
  /** A comma or a bracket parts it from what stands before. */
  isApart: boolean;
}

export interface Clause {
  subject: string;
  /** Whether the subject is a person; undefined of a name that may be one. */
  isPerson: boolean | undefined;
  /** The verb as it stands: `was built`. */
  verb: string;
  /** To make a question: `was`, `did` … */
  auxiliary: string;
  /** What stays behind the subject then: `built`, `set` …; empty for a plain `is`. */
  predicate: string;
  /** The phrases behind the verb, in order; at least one. */
  phrases: Phrase[];
  /** The phrases before the subject: `In 1911`. */
  openings: Phrase[];
}

/** A word with what stands around it and its word classes. */
export interface Tagged {
  text: string;
  pre: string;
  post: string;
  tags: string[];
}

const AUXILIARY =
  /^(?:is|are|was|were|am|be|been|being|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should)$/i;
const RELATIVE = /^(?:who|which|that|whom|whose|where|when|while|because|although|as|if)$/i;
const PREPOSITION =
  /^(?:in|on|at|by|for|from|with|using|during|after|before|since|until|because|while|when|where|to|into|onto|over|under|about|as|between|against|through|throughout|within|without|near|across|along|around|behind|above|below|towards?|upon|via|despite|due|except|every|each|who|which|that|whose|and|but|or|so|if|although|unlike|like|among)$/i;
const MONTH = /\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b/i;
const DAY =
  /\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow|yesterday|tonight|midnight|noon|weekend|morning|afternoon|evening)s?\b/i;
const UNIT = /\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries|century)\b/i;
const YEAR = /\b(?:1\d{3}|20\d{2})s?\b|\bcentury\b|\b\d+ ?(?:BC|AD|BCE|CE|am|pm|a\.m\.|p\.m\.)\b|\b\d{1,2}:\d{2}\b/;

/** The main clause, or null where the rules find none. */
export function clauseOf(sentence: string): Clause | null {
  const terms = taggedWords(sentence);
  if (isImperative(terms)) return null;
  // What opens the sentence may have a verb of its own (`When the rain came, …`): it ends at its comma.
  const comma = isOpening(terms) ? terms.findIndex(({ post }) => post.includes(',')) : -1;
  const isClause = /^(?:when|while|if|because|although|as|once|whenever|unless)$/i.test(terms[0]?.text ?? '');
  return (isClause ? null : clauseFrom(terms, 0)) ?? (comma < 0 ? null : clauseFrom(terms, comma + 1));
}

/** `Ignore the alarm and call Tom.` has no subject. */
function isImperative([first]: readonly Tagged[]): boolean {
  return first !== undefined && (first.tags.includes('Imperative') || first.tags.includes('Infinitive'));
}

function clauseFrom(terms: readonly Tagged[], from: number): Clause | null {
  const verb = mainVerb(terms, from);
  if (verb === null) return null;
  const { subject: subjectTerms, opening } = partedBefore(terms.slice(0, verb.start));
  while (subjectTerms.length > 1 && subjectTerms.at(-1)!.tags.includes('Adverb')) subjectTerms.pop();
  const subject = textOf(subjectTerms);
  if (subject === '' || subjectTerms.length > 14 || PREPOSITION.test(subject)) return null;
  const phrases = phrasesOf(terms.slice(verb.end));
  if (phrases.length === 0) return null;
  const said = terms.slice(verb.start, verb.end).map(({ text }) => text);
  return {
    subject,
    isPerson: isPerson(subjectTerms, subject),
    verb: said.join(' '),
    ...inverted(said, subject),
    phrases,
    openings: phrasesOf(opening).filter(({ tells }) => tells !== 'what'),
  };
}

/** The capitalised names in a sentence, longest runs, in order. */
export function namesOf(sentence: string): string[] {
  const out: string[] = [];
  const pattern =
    /\p{Lu}[\p{L}\p{N}'’.-]*(?:\s+(?:(?:of|the|and|de|van|von|der|la|del)\s+)*(?:\p{Lu}[\p{L}\p{N}'’.-]*|\d+))*/gu;
  for (const match of sentence.matchAll(pattern)) {
    const name = match[0].replace(/['’]s$/u, '').replace(/[.'’-]+$/u, '');
    const begins = match.index === 0 || /[.!?]\s*$/u.test(sentence.slice(0, match.index));
    // The first word of a sentence is a name only where more of it follows, or where it stands again further on.
    if (begins && !name.includes(' ') && !sentence.slice(match.index + name.length).includes(name)) continue;
    const bare = begins
      ? name.replace(/^(?:The|A|An|In|On|At|After|Before|During|For|With|When|While|If)\s+/u, '')
      : name;
    const isName = /\p{L}{2}/u.test(bare) && !MONTH.test(bare) && !DAY.test(bare);
    if (isName && bare.length > 2 && !/^(?:It|He|She|They|We|You|This|That|These|Those)$/u.test(bare)) out.push(bare);
  }
  return [...new Set(out)];
}

/** The words of a text with their classes. English. */
export function taggedWords(sentence: string): Tagged[] {
  const parts = nlp(sentence).json() as { terms: Tagged[] }[];
  return parts.flatMap(({ terms }) => terms).filter(({ text }) => text !== '');
}

/** The first finite verb with its auxiliaries that stands in no clause of its own (`who led …`, `that contain …`). */
function mainVerb(terms: readonly Tagged[], from: number): { start: number; end: number } | null {
  let isSubordinate = false;
  for (let i = from; i < terms.length; i++) {
    const { text, tags, post } = terms[i]!;
    const isVerb = tags.includes('Verb') || AUXILIARY.test(text);
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

function endOfVerb(terms: readonly Tagged[], start: number): number {
  let end = start + 1;
  if (!AUXILIARY.test(terms[start]!.text)) return end;
  for (let i = start + 1; i < terms.length; i++) {
    const { text, tags } = terms[i]!;
    if (/[,;:]/.test(terms[i - 1]!.post)) break;
    const isParticiple = tags.includes('Verb') || /(?:ed|ought|uilt|wn)$/.test(text);
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
  while (filled.length > 1 && isOpening(filled[0]!)) opening.push(...filled.shift()!);
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
  return PREPOSITION.test(first.text) || first.tags.includes('Gerund') || first.tags.includes('Adverb');
}

function inverted(said: readonly string[], subject: string): { auxiliary: string; predicate: string } {
  const [first, ...others] = said as [string, ...string[]];
  const isMain = said.length === 1 && /^(?:do|does|did|has|have|had)$/i.test(first);
  if (AUXILIARY.test(first) && !isMain) return { auxiliary: first.toLowerCase(), predicate: others.join(' ') };
  const infinitive = infinitiveOf(first.toLowerCase());
  const lower = first.toLowerCase();
  const isPresent = lower !== infinitive && lower.endsWith('s');
  // A verb that looks like its plain form (`set`) is the present only after a plural or a pronoun, and even then often the past.
  const isPlural = /^(?:i|you|we|they)$/i.test(subject);
  const auxiliary = isPresent
    ? 'does'
    : isPlural && lower === infinitive && !/^(?:set|put|cut|hit|let|read)$/.test(lower)
      ? 'do'
      : 'did';
  return { auxiliary, predicate: infinitive };
}

/** `sold` → `sell`. */
export function infinitiveOf(verb: string): string {
  const doc = nlp(verb);
  doc.tag('Verb');
  const infinitive = doc.verbs().toInfinitive().text().trim();
  return infinitive === '' ? verb : infinitive;
}

/** What follows the verb, cut at prepositions, conjunctions and commas; what belongs to a noun (`of …`) stays with it. */
function phrasesOf(terms: readonly Tagged[]): Phrase[] {
  const groups: { terms: Tagged[]; isApart: boolean }[] = [];
  let isApart = false;
  for (const term of terms) {
    const last = groups.at(-1);
    isApart ||= term.pre.includes('(');
    // `along with`, `in under 20 seconds`: one phrase.
    const goesOn = last !== undefined && !isApart && last.terms.every(({ text }) => PREPOSITION.test(text));
    if (last === undefined || isApart || (PREPOSITION.test(term.text) && !goesOn))
      groups.push({ terms: [term], isApart });
    else last.terms.push(term);
    isApart = /[,;:)]/.test(term.post);
  }
  return groups.map(phraseOf).filter(({ core, lead }) => /[\p{L}\p{N}]/u.test(core) && lead !== 'of');
}

function phraseOf({ terms, isApart }: { terms: readonly Tagged[]; isApart: boolean }): Phrase {
  const first = terms[0]!.text.toLowerCase();
  const leads = terms.findIndex(({ text }) => !PREPOSITION.test(text) && text.toLowerCase() !== 'of');
  const core = /^(?:every|each)$/.test(first) ? terms : terms.slice(Math.max(0, leads));
  const lead = leads > 0 || first === 'of' ? { lead: textOf(terms.slice(0, Math.max(1, leads))).toLowerCase() } : {};
  const tells = tellsOf(first, core, textOf(core));
  const number = core.findIndex(({ tags }) => tags.includes('Value'));
  const counted =
    tells === 'how many' ? textOf(core.slice(number + 1, number + 3)).replace(/\s+(?:of|in|from|for|at|on)$/u, '') : '';
  return { text: textOf(terms), tells, core: textOf(core), ...lead, ...(counted === '' ? {} : { counted }), isApart };
}

function tellsOf(lead: string, terms: readonly Tagged[], core: string): Tells {
  const has = (tag: string) => terms.some(({ tags }) => tags.includes(tag));
  const first = terms[0];
  const number = terms.findIndex(({ tags }) => tags.includes('Value'));
  const isDate = YEAR.test(core) || MONTH.test(core.replace(/\bmay\b/gu, '')) || DAY.test(core.replace(/-day\b/gu, ''));
  if (lead === 'because' || lead === 'due' || (lead === 'to' && first?.tags.includes('Verb') === true)) return 'why';
  if (lead === 'using' || (/^(?:by|through)$/.test(lead) && first?.tags.includes('Gerund') === true)) return 'how';
  if (UNIT.test(core) && number >= 0 && /^(?:in|for|over|within|under)$/.test(lead)) return 'how long';
  if (isDate || /^(?:after|before|since|until|during|when|every|each)$/.test(lead)) return 'when';
  if (/[$€£¥%]|\bpercent\b|\bdollars\b|\beuros\b/i.test(core)) return 'how much';
  if (number >= 0 && isCount(terms, number)) return 'how many';
  if (has('Person')) return 'who';
  if (has('Place') || /^(?:in|on|at|near|into|across|behind|above)$/.test(lead)) return 'where';
  if (lead === 'with') return 'how';
  return 'what';
}

/** `about seven parrots`, but not `level 3 of …`: little stands before the number, and a noun behind it. */
function isCount(terms: readonly Tagged[], number: number): boolean {
  const next = terms[number + 1];
  const before = terms.slice(0, number);
  return (
    next !== undefined &&
    !PREPOSITION.test(next.text) &&
    next.text !== 'of' &&
    before.every(({ tags }) => !tags.includes('Noun') || tags.includes('Pronoun'))
  );
}

function isPerson(terms: readonly Tagged[], subject: string): boolean | undefined {
  if (/^(?:i|we|he|she|they|you)$/i.test(subject)) return true;
  const has = (tag: string) => terms.some(({ tags }) => tags.includes(tag));
  if (has('Person') || has('Actor')) return true;
  const isName =
    terms.length <= 3 && terms.every(({ text }) => /^\p{Lu}/u.test(text)) && !/^(?:The|An?)$/u.test(terms[0]!.text);
  return isName && !has('Organization') && !has('Place') ? undefined : false;
}

function textOf(terms: readonly Tagged[]): string {
  return terms
    .map(({ pre, text, post }) => pre + text + post)
    .join('')
    .trim()
    .replace(/^[\s,;:.!?–—"“”]+|[\s,;:.!?–—"“”]+$/gu, '')
    .replace(/^\(([^()]*)\)?$|^([^()]*)\)$/u, '$1$2');
}
