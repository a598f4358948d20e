// What speaks for and against a question being about a memory, as numbers: closeness of meaning, which words of the one the
// other has, names and numbers apart. Not here: how much each counts (gate-weights.ts), and what passes (gate.ts).
import type { Term, Terms } from './terms.js';

/** A text as the gate sees it. */
export interface Facet {
  vector: Float32Array;
  terms: Terms;
}

/** A memory as the gate sees it. */
export interface Subject {
  /** Its text as a whole, and its parts: what was asked, each of several sentences, its lessons. */
  facets: readonly Facet[];
  /** Those of them that a question may tell: not a text with its answer, for nobody asks with the answer. */
  told: readonly Facet[];
  /** Of all facets together. */
  terms: Terms;
}

/** Bits at which a word that is not shared counts fully. */
const MUCH = 8;
/** Words from which on a text counts as long. */
const LONG = 16;

/** In this order the weights are listed; all from 0 to about 1. */
export const EVIDENCE = [
  'always', // 1
  'meaning', // cosine with the nearest facet
  'asked', // share of the question's information that the memory has
  'told', // share of a facet's information that the question has
  'askedApart', // the most telling word of the question that the memory has not
  'toldApart', // the most telling word of the facet that the question has not
  'askedNames', // as asked, of names and numbers
  'toldNames', // as told, of names and numbers
  'noAskedNames', // 1 where the question has none
  'noToldNames', // 1 where the facet has none
  'askedNumber', // 1 where the question has a number that the memory has not
  'toldNumber', // 1 where the facet has a number that the question has not
  'shared', // asked times told
  'length', // of the question
  'otherKind', // 1 where both have a word that something else stands before: red locker, blue locker
  'otherName', // the same where it is a name: Jo Brown, Jack Brown
  // A long memory is seldom repeated by a question, a long question is seldom about one thing: with the length of the facet …
  'facet',
  'facetMeaning',
  'facetAsked',
  'facetTold',
  'facetToldApart',
  'facetToldNames',
  'facetShared',
  // … and with that of the question.
  'lengthAsked',
  'lengthAskedApart',
  'lengthMeaning',
] as const;

export type Evidence = number[];

/** What the words of a question and a memory say, without the meaning, which costs most. */
export interface WordEvidence {
  asked: Comparison;
  told: Comparison;
  /** Words of the question and of the facet. */
  lengths: { question: number; facet: number };
  conflicts: [kind: number, name: number];
}

/** One for each facet that may be told: what speaks most for the memory counts. */
export function evidenceOfWords(asked: Terms, subject: Subject): WordEvidence[] {
  const own = subject.terms;
  const about = {
    asked: compare(asked, own, (stem, term) => term.isName || own.get(stem)?.isName === true),
    conflicts: conflicts(asked, own),
  };
  return subject.told.map(({ terms }) => ({
    ...about,
    told: compare(terms, asked, (_, term) => term.isName),
    lengths: { question: asked.size, facet: terms.size },
  }));
}

/** All of it, as numbers. */
export function evidenceOf({ asked, told, lengths, conflicts }: WordEvidence, meaning: number): Evidence {
  const askedApart = Math.min(1.5, asked.apart / MUCH);
  const toldApart = Math.min(1.5, told.apart / MUCH);
  const shared = asked.share * told.share;
  const length = Math.min(1, lengths.question / LONG);
  const facet = Math.min(1, lengths.facet / LONG);
  return [
    1,
    meaning,
    asked.share,
    told.share,
    askedApart,
    toldApart,
    asked.nameShare,
    told.nameShare,
    Number(!asked.hasNames),
    Number(!told.hasNames),
    Number(asked.numberApart),
    Number(told.numberApart),
    shared,
    length,
    ...conflicts,
    facet,
    facet * meaning,
    facet * asked.share,
    facet * told.share,
    facet * toldApart,
    facet * told.nameShare,
    facet * shared,
    length * asked.share,
    length * askedApart,
    length * meaning,
  ];
}

/** Cosine with the nearest facet. */
export function meaningOf(vector: Float32Array, { facets }: Subject): number {
  let best = -1;
  for (const facet of facets) best = Math.max(best, dot(vector, facet.vector));
  return best;
}

interface Comparison {
  share: number;
  nameShare: number;
  hasNames: boolean;
  apart: number;
  numberApart: boolean;
}

/** How much of `some` is in `others`. Information counts squared: a name among common words decides. */
function compare(some: Terms, others: Terms, isName: (stem: string, term: Term) => boolean): Comparison {
  let total = 0;
  let shared = 0;
  let names = 0;
  let sharedNames = 0;
  let apart = 0;
  let numberApart = false;
  for (const [stem, term] of some) {
    const weight = term.bits ** 2;
    const has = others.has(stem);
    total += weight;
    if (has) shared += weight;
    else apart = Math.max(apart, term.bits);
    if (isName(stem, term)) {
      names += weight;
      if (has) sharedNames += weight;
    }
    if (!has && /\p{N}/u.test(stem)) numberApart = true;
  }
  return {
    share: total === 0 ? 0 : shared / total,
    nameShare: names === 0 ? 0 : sharedNames / names,
    hasNames: names > 0,
    apart,
    numberApart,
  };
}

/** Words that both have, with another word before each, which the other side does not have anywhere. */
function conflicts(asked: Terms, own: Terms): [kind: number, name: number] {
  let kind = 0;
  let name = 0;
  for (const [stem, term] of asked) {
    const known = own.get(stem);
    if (known === undefined) continue;
    if ([...term.before].some((word) => known.before.has(word))) continue;
    if (![...term.before].some((word) => !own.has(word))) continue;
    if (![...known.before].some((word) => !asked.has(word))) continue;
    kind = 1;
    if (term.isName || known.isName) name = 1;
  }
  return [kind, name];
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
