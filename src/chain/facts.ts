// Facts from outside, as triples, and what follows from them by rules, so that both can be memorized: a small model learns the
// wording of a fact better than what follows from it. Not here: learning them (steps.ts).
import { EngramError } from '../errors.js';
import type { Triple } from '../index.js';

/** `{subject: 'Mara Voss', relation: 'runs', object: 'the kiln'}`. */
export type Fact = Triple;

/** Where all facts of `when` hold, `then` does. A part that begins with `?` stands for anything, the same throughout the rule. */
export interface Rule {
  when: readonly Fact[];
  then: Fact;
}

/** Facts that a set of rules may lead to; more are a rule that feeds itself. */
const MOST_FACTS = 1000;

/** What follows from facts by rules, and from what follows: without those given, in the order they were found. Throws `usage` for a
 * rule whose conclusion names what its conditions do not, and for rules that lead to more than 1000 facts. */
export function deduce(facts: readonly Fact[], rules: readonly Rule[]): Fact[] {
  for (const rule of rules) requireBound(rule);
  const known = new Map(facts.map((fact) => [keyOf(fact), fact]));
  const found: Fact[] = [];
  for (let grew = true; grew;) {
    grew = false;
    for (const { when, then } of rules) {
      for (const bound of matches(when, [...known.values()])) {
        const fact = fill(then, bound);
        if (known.has(keyOf(fact))) continue;
        known.set(keyOf(fact), fact);
        found.push(fact);
        grew = true;
        if (known.size > MOST_FACTS) throw new EngramError('usage', `The rules lead to more than ${MOST_FACTS} facts.`);
      }
    }
  }
  return found;
}

type Bound = ReadonlyMap<string, string>;

/** Every way in which the conditions hold. */
function matches(when: readonly Fact[], facts: readonly Fact[]): Bound[] {
  let ways: Bound[] = [new Map()];
  for (const condition of when) {
    ways = ways.flatMap((bound) => facts.flatMap((fact) => bind(condition, fact, bound) ?? []));
  }
  return ways;
}

function bind(condition: Fact, fact: Fact, before: Bound): Bound | undefined {
  const bound = new Map(before);
  for (const part of PARTS) {
    const [wanted, found] = [condition[part], fact[part]];
    if (!isVariable(wanted)) {
      if (wanted !== found) return undefined;
    } else if ((bound.get(wanted) ?? found) !== found) return undefined;
    else bound.set(wanted, found);
  }
  return bound;
}

function fill(then: Fact, bound: Bound): Fact {
  const part = (text: string): string => bound.get(text) ?? text;
  return { subject: part(then.subject), relation: part(then.relation), object: part(then.object) };
}

function requireBound({ when, then }: Rule): void {
  const bound = new Set(when.flatMap((condition) => PARTS.map((part) => condition[part])));
  const free = PARTS.map((part) => then[part]).find((text) => isVariable(text) && !bound.has(text));
  if (free !== undefined) throw new EngramError('usage', `A rule concludes about ${free}, of which it says nothing.`);
}

const PARTS = ['subject', 'relation', 'object'] as const;
const isVariable = (text: string): boolean => text.startsWith('?');
const keyOf = ({ subject, relation, object }: Fact): string => JSON.stringify([subject, relation, object]);
