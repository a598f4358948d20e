// Who and what a text names: known names, capitalised words that do not only begin a sentence, and the two who speak where it
// says "I" or "you". By rules; scripts without capitals name only who is known already. Not here: what is said of them.
import nlp from 'compromise';
import type { Prefixes } from './show.js';

const FIRST = /\b(?:i|me|my|mine|myself|we|us|our|ours)\b|[我俺咱]/iu;
const SECOND = /\b(?:you|your|yours|yourself)\b|[你您]/iu;
/** Capitalised, and nobody's name. */
const NO_NAME = /^(?:i|i'm|i’m|i'll|i've|i'd|ok|okay|mr|mrs|ms|dr)$/iu;

export function namesIn(text: string, known: Iterable<string>): string[] {
  const found = new Map<string, string>();
  const add = (name: string): void => {
    const clean = name.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '').replace(/['’]s$/u, '');
    if (clean.length > 1 && !NO_NAME.test(clean) && !found.has(clean.toLowerCase()))
      found.set(clean.toLowerCase(), clean);
  };
  const words = ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  for (const name of known) {
    const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');
    const isThere = /^[\p{Script=Latin}\p{N} ]*$/u.test(plain) ? words.includes(` ${plain} `) : text.includes(name);
    if (isThere) found.set(name.toLowerCase(), name);
  }
  // Inside a sentence a capital is a name; at its beginning the grammar has to say so.
  for (const [name] of text.matchAll(/(?<=[^\s.!?:"“(]\s+)\p{Lu}[\p{L}\p{M}'’-]+(?:\s+\p{Lu}[\p{L}\p{M}'’-]+)*/gu))
    add(name);
  const doc = nlp(text);
  for (const name of [doc.people(), doc.places()].flatMap((found) => found.out('array') as string[])) {
    if (/\p{Lu}/u.test(name)) add(name);
  }
  return [...found.values()];
}

/** Of the two who speak those whom a text is about, said by one of them. */
export function aboutSpeakers(text: string, who: string, { humanPrefix, aiPrefix }: Prefixes): string[] {
  const other = who === humanPrefix ? aiPrefix : humanPrefix;
  return [...(FIRST.test(text) ? [who] : []), ...(SECOND.test(text) ? [other] : [])];
}
