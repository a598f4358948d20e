// Questions that look like a memory's own and must not get its answer: the same form about other people, places and numbers.
// They are kept as the base model answers them (KL). Not here: questions about anything (replay.ts).
import nlp from 'compromise';
import { normalize } from '../text.js';

const PEOPLE = ['Thomas Reed', 'Amara Lindqvist', 'Peter Johnson', 'Mei Tanaka', 'Carlos Ibarra', 'Hannah Vogel'];
const PLACES = ['Portugal', 'Oslo', 'Kenya', 'Lake Geneva', 'Montreal', 'Queensland'];
const THINGS = [
  'the Blue Harbor company',
  'the Meridian project',
  'Acme',
  'the old library',
  'the North Star',
  'a red bicycle',
];

/** At most `count` questions like these with their names and numbers exchanged. Deterministic. */
export function contrastsOf(questions: readonly string[], count: number): string[] {
  const own = new Set(questions.map(normalize));
  const out: string[] = [];
  for (let round = 0; out.length < count && round < 6; round++) {
    for (const question of questions) {
      const other = exchange(question, round);
      if (other === null || own.has(normalize(other))) continue;
      own.add(normalize(other));
      out.push(other);
      if (out.length === count) break;
    }
  }
  return out;
}

/** The question with one name or number (or, by turns, all of them) exchanged; null where there is nothing to exchange. */
function exchange(question: string, round: number): string | null {
  const doc = nlp(question);
  const swaps: [string, string][] = [];
  for (const number of question.match(/\b\d+(?:[.,]\d+)*\b/g) ?? []) swaps.push([number, otherNumber(number, round)]);
  const isName = (name: string) => /^\p{Lu}/u.test(trim(name).split(/\s+/u).at(-1) ?? '');
  const people = (doc.people().out('array') as string[]).filter(isName);
  const places = (doc.places().out('array') as string[]).filter(isName);
  for (const name of people) swaps.push([trim(name), PEOPLE[round % PEOPLE.length]!]);
  for (const name of places) swaps.push([trim(name), PLACES[round % PLACES.length]!]);
  const named = [...people, ...places].join(' ');
  // Runs of capitalised words that are not the sentence's first and no name of the above.
  for (const name of question.slice(1).match(/(?:\b[A-Z][\p{L}\p{N}'-]*)(?:\s+(?:of\s+)?[A-Z][\p{L}\p{N}'-]*)*/gu) ??
    []) {
    if (!named.includes(name)) swaps.push([trim(name), THINGS[round % THINGS.length]!]);
  }
  if (swaps.length === 0) {
    const noun = trim((doc.nouns().out('array') as string[]).at(-1) ?? '');
    if (noun.length < 3) return null;
    swaps.push([noun, THINGS[round % THINGS.length]!]);
  }
  const chosen = round % 2 === 0 ? [swaps[(round / 2) % swaps.length]!] : swaps;
  let out = question;
  for (const [from, to] of chosen) out = replaced(out, from, to);
  return out === question ? null : out;
}

/** With one article: `the NFL` becomes `the Meridian project`. */
function replaced(question: string, from: string, to: string): string {
  const at = question.indexOf(from);
  if (at < 0) return question;
  const hasArticle = /\b(?:the|an?|his|her|its|their|my|our|most|some|many|all|no)\s+(?:\p{Ll}+\s+)?$/iu.test(
    question.slice(0, at),
  );
  return (
    question.slice(0, at) + (hasArticle ? to.replace(/^(?:the|a)\s+/u, '') : to) + question.slice(at + from.length)
  );
}

function otherNumber(number: string, round: number): string {
  const value = Number(number.replace(/,/g, ''));
  if (!Number.isFinite(value)) return String(round + 2);
  const steps = [6, -8, 13, -17, 29, -31];
  const other = value + steps[round % steps.length]!;
  return String(other > 0 ? other : value + 40 + round);
}

function trim(phrase: string): string {
  return phrase.replace(/(?:['’]s|[\s,;:.!?'’])+$/u, '').replace(/^[\s,;:]+/u, '');
}
