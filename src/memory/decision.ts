// Whether it is so: a question that is answered with yes or no is decided by comparing what it claims with what was remembered,
// word by word, and the weights say the rest: a small model does not learn to tell (docs/memory.md).
// English. Not here: which memory a question touches (gate.ts).
import { languageOf } from './lessons/language.js';
import { taggedWords } from './lessons/words.js';
import { contentWords, sentences } from './text.js';

/** How an answer to such a question opens. */
export type Opening = 'Yes.' | 'No.';

const ASKS_WHETHER =
  /^(?:is|are|am|was|were|do|does|did|has|have|had|will|would|can|could|should|must|may|might)(?:n['’]t)?\s/i;
/** What is asked in the same form and is not answered with yes or no: `Can you tell me when …?` */
const ASKS_TO_TELL =
  /^(?:(?:can|could|will|would|do|did|have|are)(?:n['’]t)?\s+(?:you|i|we)\s+(?:please\s+)?(?:able\s+to\s+)?(?:tell|say|name|give|list|explain|describe|remember|recall|remind|know|think|help|show|ask|have|heard?|familiar)\b)/i;
const ASKED_AFTER =
  /[,.]\s*(?:right|correct|true|yes|no|is (?:that|it|this) (?:so|true|right|correct)|(?:is|are|was|were|do|does|did|has|have|had|will|would|can|could)(?:n['’]t)?\s+(?:it|he|she|they|you|i|we|that|this|there))\s*\?\s*$/i;
const TRUE_OR_FALSE = /^(?:true or false|right or wrong|yes or no|correct or not)\b[:,.\s-]*/i;
/** What frames the claim and is none of it. */
const FRAME =
  /^(?:so\s+)?(?:is|was)\s+(?:it|this|that|the following)(?:\s+(?:sentence|statement|claim|fact))?\s+(?:really\s+|actually\s+)?(?:true|right|correct|so|a fact|the case|accurate|false|wrong)\b(?:\s+to say)?(?:\s*[:,-]|\s+that\b)?\s*/i;
const FRAMED_FALSE = /^(?:is|was)\s+(?:it|this|that|the following)[\w\s]*?\b(?:false|wrong)\b/i;
const NEGATION = /\b(?:not|never|no|none|nobody|neither|cannot)\b|n['’]t\b/gi;

/** `Wasn't it green?` asks whether it was. */
const DOUBTED = /(?<=^\p{L}{2,6})n['’]t\b/u;

/** What a yes-or-no question claims; undefined of any other question. */
function claimOf(question: string): string | undefined {
  const parts = sentences(question);
  const last = parts.at(-1) ?? '';
  const begins = parts.findIndex(
    (part) => TRUE_OR_FALSE.test(part) || (ASKS_WHETHER.test(part) && !ASKS_TO_TELL.test(part)),
  );
  const isAfter = ASKED_AFTER.test(question.trim());
  if (begins < 0 && !isAfter) return undefined;
  // A question that follows is what is asked.
  if (!isAfter && begins < parts.length - 1 && last.endsWith('?') && parts[begins]!.endsWith('?')) return undefined;
  const asked = isAfter ? question.trim().replace(ASKED_AFTER, '') : parts.slice(begins).join(' ');
  return asked.replace(TRUE_OR_FALSE, '').replace(FRAME, '').replace(DOUBTED, '').trim();
}

/** How the answer to a question about a remembered text opens; undefined where it is no yes-or-no question, or offers a choice. */
export function openingOf(question: string, text: string): Opening | undefined {
  if (languageOf(question) !== 'en' || languageOf(text) !== 'en') return undefined;
  const claim = claimOf(question);
  if (claim === undefined || contentWords(claim).length === 0) return undefined;
  if (/\bor\b/i.test(claim) && !/\bor\b/i.test(text)) return undefined;
  const known = countOf(contentWords(affirmed(text)));
  const acted = actionsOf(claim);
  const isSaid = [...countOf(contentWords(affirmed(claim)))].every(([stem, count]) => {
    const has = known.get(stem) ?? 0;
    // A number that is claimed twice has to be there twice.
    return has > 0 ? has >= count || !/\p{N}/u.test(stem) : acted.has(stem);
  });
  const isTurned = (isNegated(claim) !== isNegated(closestTo(claim, text))) !== FRAMED_FALSE.test(question.trim());
  return isSaid !== isTurned ? 'Yes.' : 'No.';
}

/** Two sentences of a text of which one denies the other, word for word. */
export function denialIn(text: string): [string, string] | undefined {
  if (languageOf(text) !== 'en') return undefined;
  const said = sentences(text).map((sentence) => {
    const words = [...new Set(contentWords(affirmed(sentence)))].sort().join(' ');
    return { sentence, words, denies: isNegated(sentence) };
  });
  for (const [i, one] of said.entries()) {
    const other = said.slice(i + 1).find(({ words, denies }) => words === one.words && denies !== one.denies);
    if (one.words !== '' && other !== undefined) return [one.sentence, other.sentence];
  }
  return undefined;
}

/** What may be said in other words: verbs and adverbs. Other nouns, names, numbers or adjectives make it another claim. */
function actionsOf(claim: string): Set<string> {
  const actions = taggedWords(claim).filter(
    ({ text, tags }) => (tags.includes('Verb') || tags.includes('Adverb')) && !/^\p{Lu}|\p{N}/u.test(text),
  );
  return new Set(actions.flatMap(({ text }) => contentWords(text)));
}

function countOf(stems: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stem of stems) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  return counts;
}

/** Of the sentences of a text the one that shares most words with a claim: what another one denies is no answer to it. */
function closestTo(claim: string, text: string): string {
  const claimed = [...new Set(contentWords(affirmed(claim)))];
  const shared = (sentence: string): number => {
    const said = new Set(contentWords(sentence));
    return claimed.filter((word) => said.has(word)).length;
  };
  return sentences(text).reduce((best, other) => (shared(other) > shared(best) ? other : best));
}

function affirmed(text: string): string {
  return text.replace(NEGATION, ' ');
}

function isNegated(text: string): boolean {
  return (text.match(NEGATION) ?? []).length % 2 === 1;
}
