// The words of a text that say what it is about, as the gate compares them: by stem, with how much each tells, whether it is a
// name or a number, and which word stood right before it. Not here: comparing (evidence.ts).
import type { Information } from './information.js';
import { contentWords, sentences, words } from './text.js';

export interface Term {
  /** How much the word tells: see information.ts. */
  bits: number;
  /** Written with a capital, or a number. */
  isName: boolean;
  /** Stems that stood right before it with no function word between: `high` of `bridge` in `the High Bridge`. */
  before: Set<string>;
}

/** By stem. */
export type Terms = ReadonlyMap<string, Term>;

export function termsOf(text: string, information: Information): Terms {
  const terms = new Map<string, Term>();
  for (const sentence of sentences(text)) {
    let previous: string | undefined;
    for (const token of sentence.split(/[^\p{L}\p{M}\p{N}'’]+/u)) {
      const isName = /^\p{Lu}|\p{N}/u.test(token);
      for (const word of words(token.replace(/['’]s?$/u, ''))) {
        const [stem] = contentWords(word);
        if (stem !== undefined) add(terms, stem, { bits: information(word), isName, before: setOf(previous) });
        previous = stem;
      }
    }
  }
  return terms;
}

/** All terms of several texts. */
export function union(all: readonly Terms[]): Terms {
  const terms = new Map<string, Term>();
  for (const some of all) for (const [stem, term] of some) add(terms, stem, { ...term, before: new Set(term.before) });
  return terms;
}

function add(terms: Map<string, Term>, stem: string, term: Term): void {
  const known = terms.get(stem);
  if (known === undefined) {
    terms.set(stem, term);
    return;
  }
  known.bits = Math.min(known.bits, term.bits);
  known.isName ||= term.isName;
  for (const word of term.before) known.before.add(word);
}

function setOf(word: string | undefined): Set<string> {
  return new Set(word === undefined ? [] : [word]);
}
