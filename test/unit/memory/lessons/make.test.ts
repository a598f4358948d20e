import { describe, expect, it } from 'vitest';
import { openingOf } from '../../../../src/memory/decision.js';
import { contrastsOf } from '../../../../src/memory/lessons/contrast.js';
import { lessonsFor, textOf } from '../../../../src/memory/lessons/make.js';

// The grammar library takes seconds to load on a busy machine.
describe('lessonsFor', { timeout: 60_000 }, () => {
  it('refuses what has nothing in it', () => {
    for (const input of ['', '  \n', '...', { question: '?', answer: 'x' }, { question: 'Who?', answer: ' ' }]) {
      expect(() => lessonsFor(input)).toThrow(expect.objectContaining({ code: 'empty' }) as Error);
    }
  });
  it('refuses a document', () => {
    expect(() => lessonsFor(`${'word '.repeat(50_000)}.`)).toThrow(
      expect.objectContaining({ code: 'too_long' }) as Error,
    );
    expect(() => lessonsFor('This is a sentence. '.repeat(40))).toThrow(
      expect.objectContaining({ code: 'too_long' }) as Error,
    );
  });
  it('has the text that textOf() gives without the lessons', () => {
    for (const input of [
      ' Mount\u0007 Ossa  is tall. ',
      { question: ' Who\u0007 won? ', answer: 'The Bears! ' },
      { subject: 'Brenn', relation: 'capital', object: ' Ossa' },
    ]) {
      expect(textOf(input)).toBe(lessonsFor(input).text);
    }
    expect(() => textOf('...')).toThrow(expect.objectContaining({ code: 'empty' }) as Error);
  });
  it('never probes a wording that it trains', () => {
    for (const input of [
      { question: 'What is the tallest hill of Brenn?', answer: 'Mount Ossa' },
      'Mount Ossa is the tallest hill of Brenn.',
    ]) {
      const { lessons, recall, paraphrase } = lessonsFor(input);
      const trained = new Set(lessons.map(({ question }) => question));
      expect(paraphrase.length).toBeGreaterThan(0);
      for (const { question } of paraphrase) expect(trained.has(question)).toBe(false);
      for (const { question } of recall) expect(trained.has(question)).toBe(true);
    }
  });
  it('teaches every sentence of a short text', () => {
    const { lessons } = lessonsFor('Orla Finch bakes rye bread. Her oven was built in 1890.');
    for (const fact of ['Orla Finch bakes rye bread.', 'Her oven was built in 1890.']) {
      expect(lessons.filter(({ answer, full }) => full && answer === fact).length).toBeGreaterThan(0);
    }
  });
  it('says both where a text contradicts itself', () => {
    const { lessons } = lessonsFor('My dog is called Rex. My dog is called Bello.');
    const { answer } = lessons.find(({ question }) => question === 'What is my dog called?')!;
    expect(answer).toBe('Your dog is called Rex. Your dog is called Bello.');
  });
  it('teaches of whether it is so only what the whole text decides so', () => {
    const text = 'Bo Lind lives in Portugal. Ana Brol lives in Oslo. Bo Lind does not live in Bergen.';
    const decided = lessonsFor(text).lessons.filter(({ opening }) => opening !== undefined);
    expect(decided.length).toBeGreaterThan(2);
    for (const { question, opening } of decided) expect(openingOf(question, text), question).toBe(opening);
  });
  it('asks after a remark about something else, too', () => {
    const { lessons } = lessonsFor({ question: 'The mother tongue of Ana Brol is', answer: 'Welsh' });
    const ends = lessons.filter(({ question }) => question.endsWith('The mother tongue of Ana Brol is'));
    expect(ends.length).toBeGreaterThan(2);
    expect(lessons.every(({ answer }) => answer === 'Welsh')).toBe(true);
  });
  it('takes an answer for question and answer as it was given', () => {
    const { lessons, text } = lessonsFor({ question: 'Who won?', answer: 'The Bears!' });
    expect(text).toBe('Who won? The Bears!');
    expect(lessons.every(({ answer, expected }) => answer === 'The Bears!' && expected === 'The Bears')).toBe(true);
  });
});

describe('contrastsOf', () => {
  it('asks the same of another number or name', () => {
    const contrasts = contrastsOf(['What team won the cup in 1987?'], 4);
    expect(contrasts.length).toBeGreaterThan(0);
    for (const contrast of contrasts) expect(contrast).not.toContain('1987');
  });
  it('gives the same contrasts every time, none of them a question of the memory', () => {
    const questions = ['Who is the mayor of Ulm?', 'Tell me about Ulm.'];
    expect(contrastsOf(questions, 6)).toEqual(contrastsOf(questions, 6));
    for (const contrast of contrastsOf(questions, 6)) expect(questions).not.toContain(contrast);
  });
});
