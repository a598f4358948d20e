import { describe, expect, it } from 'vitest';
import { wordingsOf } from '../../../../src/memory/lessons/wordings.js';

const ASKED = [
  'Which river flows through Vienna?',
  'Who is the mayor of Ulm?',
  'Where did she go in 2001',
  '谁是市长？',
  'x',
];

// The grammar library takes seconds to load on a busy machine.
describe('wordingsOf', { timeout: 60_000 }, () => {
  it.each(ASKED)('keeps the question first and no wording twice: %s', (question) => {
    const { lessons, probes } = wordingsOf(question);
    expect(lessons[0]).toBe(question);
    const all = [...lessons, ...probes];
    expect(new Set(all).size).toBe(all.length);
    expect(probes.length).toBeGreaterThan(0);
  });
  it('swaps what and which, and moves the last phrase to the front', () => {
    const { lessons } = wordingsOf('What team won the cup in 1987?');
    expect(lessons).toContain('Which team won the cup in 1987?');
    expect(lessons).toContain('In 1987, what team won the cup?');
  });
  it('turns a question about being into the beginning of a statement', () => {
    expect(wordingsOf('Who is the mayor of Ulm?').lessons).toContain('The mayor of Ulm is');
  });
  it('asks in the order of a statement, whatever the noun phrase', () => {
    const { lessons } = wordingsOf('Which river system contains Charity Creek?');
    expect(lessons).toContain('The river system that contains Charity Creek is');
    expect(wordingsOf('In which city did she die?').lessons).toContain('Which city did she die in?');
  });
  it('takes what is no question for the beginning of a sentence', () => {
    const { lessons } = wordingsOf('Reedy Glacier is in');
    expect(lessons).toContain('Complete this sentence: Reedy Glacier is in …');
    expect(lessons.some((wording) => wording.startsWith('Do you know'))).toBe(false);
  });
});
