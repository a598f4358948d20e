// The words of an English text with their classes, by the compromise library, and the names in it. Not here: what the words are
// to one another (clause.ts, phrases.ts).
import nlp from 'compromise';

/** A word with what stands around it and its word classes. */
export interface Tagged {
  text: string;
  pre: string;
  post: string;
  tags: string[];
}

export const MONTH = /\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b/i;
export const DAY =
  /\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow|yesterday|tonight|midnight|noon|weekend|morning|afternoon|evening)s?\b/i;

/** The words of a text with their classes; what a hyphen joins (`six-time`) is one. */
export function taggedWords(text: string): Tagged[] {
  const parts = nlp(text).json() as { terms: Tagged[] }[];
  const out: Tagged[] = [];
  for (const term of parts.flatMap(({ terms }) => terms)) {
    const last = out.at(-1);
    // What the library reads into a word (`12–4`: 12 to 4; `it's`: it is) has no letters, only the space behind it.
    if (term.text === '') {
      if (last !== undefined) last.post += term.pre + term.post;
    } else if (last !== undefined && /^[-‐‑]$/u.test(last.post) && term.pre === '') {
      const isVerb = term.tags.includes('Verb') && /(?:ed|ing)$/u.test(term.text);
      const tags = isVerb ? term.tags : [...term.tags.filter((tag) => !NOT_JOINED.has(tag)), 'Adjective'];
      out[out.length - 1] = { ...term, text: last.text + last.post + term.text, pre: last.pre, tags };
    } else out.push({ ...term });
  }
  return out;
}

/** What the last part of a word with hyphens may be by itself, and the whole is not (`six-time`, `22-yard`). */
const NOT_JOINED = new Set(['Verb', 'PresentTense', 'Infinitive', 'Imperative', 'Value', 'Preposition', 'Unit']);

/** Words as they stand, without the punctuation around them. */
export function textOf(terms: readonly Tagged[]): string {
  const text = terms
    .map(({ pre, text: word, post }) => pre + word + post)
    .join('')
    .trim()
    .replace(/^[\s,;:.!?–—]+|[\s,;:.!?–—]+$/gu, '');
  const isQuoted = (text.match(/["“”]/gu) ?? []).length % 2 === 0 && !/^["“][^"“”]*["”]$/u.test(text);
  return (isQuoted ? text : text.replace(/["“”]/gu, '')).trim().replace(/[,;:.!?–—]+$/u, '');
}

/** The capitalised names in a sentence, longest runs, in order. */
export function namesOf(sentence: string): string[] {
  const out: string[] = [];
  const pattern =
    /\p{Lu}[\p{L}\p{N}'’.-]*(?:\s+(?:(?:of|the|and|de|van|von|der|la|del)\s+)*(?:\p{Lu}[\p{L}\p{N}'’.-]*|\d+(?![\d–-]|[.,]\d)))*/gu;
  for (const match of sentence.matchAll(pattern)) {
    const name = match[0].replace(/['’]s$/u, '').replace(/[.'’-]+$/u, '');
    const begins = match.index === 0 || /[.!?]\s*$/u.test(sentence.slice(0, match.index));
    // The first word of a sentence is a name only where more of it follows, or where it stands again further on.
    if (begins && !name.includes(' ') && !sentence.slice(match.index + name.length).includes(name)) continue;
    const bare = begins
      ? name.replace(/^(?:The|A|An|In|On|At|After|Before|During|For|With|When|While|If)\s+(?:\d+\s+)?/u, '')
      : name;
    const isName = /\p{L}{2}/u.test(bare) && !MONTH.test(bare) && !DAY.test(bare) && !isAdjective(bare);
    if (isName && bare.length > 2 && !/^(?:It|He|She|They|We|You|This|That|These|Those)$/u.test(bare)) out.push(bare);
  }
  return [...new Set(out)];
}

/** `British`, `French-speaking`: nobody is asked what they know about it. */
function isAdjective(name: string): boolean {
  if (/\s/u.test(name)) return false;
  const [word] = taggedWords(name);
  return (
    word?.tags.includes('Demonym') === true || word?.tags.includes('Adjective') === true || /\p{Ll}-\p{Ll}/u.test(name)
  );
}
