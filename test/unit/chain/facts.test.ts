import { expect, it } from 'vitest';
import { deduce, type Fact } from '../../../src/chain/index.js';

const fact = (subject: string, relation: string, object: string): Fact => ({ subject, relation, object });
const KILN = [
  fact('Mara', 'runs', 'the kiln'),
  fact('the kiln', 'stands in', 'hall 2'),
  fact('hall 2', 'stands in', 'Ulm'),
];
const WITHIN = {
  when: [fact('?a', 'stands in', '?b'), fact('?b', 'stands in', '?c')],
  then: fact('?a', 'stands in', '?c'),
};
const WORKS = {
  when: [fact('?who', 'runs', '?what'), fact('?what', 'stands in', '?where')],
  then: fact('?who', 'works in', '?where'),
};

it('finds what follows, and what follows from that', () => {
  expect(deduce(KILN, [WORKS, WITHIN])).toEqual([
    fact('Mara', 'works in', 'hall 2'),
    fact('the kiln', 'stands in', 'Ulm'),
    fact('Mara', 'works in', 'Ulm'),
  ]);
});

it('finds nothing without rules, without facts, or where a condition does not hold', () => {
  expect(deduce(KILN, [])).toEqual([]);
  expect(deduce([], [WITHIN])).toEqual([]);
  expect(deduce(KILN.slice(0, 1), [WORKS])).toEqual([]);
});

it('binds a variable to one thing throughout a rule', () => {
  const self = { when: [fact('?x', 'knows', '?x')], then: fact('?x', 'is', 'alone') };
  expect(deduce([fact('a', 'knows', 'b'), fact('c', 'knows', 'c')], [self])).toEqual([fact('c', 'is', 'alone')]);
});

it('refuses a rule that concludes about what it does not know, and rules without end', () => {
  expect(() => deduce(KILN, [{ when: [KILN[0]!], then: fact('?who', 'is', 'there') }])).toThrow('?who');
  const pair = { when: [fact('?a', 'n', '?b'), fact('?c', 'n', '?d')], then: fact('?a', '?d', '?c') };
  const many = Array.from({ length: 40 }, (_, i) => fact(`a${i}`, 'n', `b${i}`));
  expect(() => deduce(many, [pair])).toThrow('more than 1000 facts');
});
