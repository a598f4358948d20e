import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalize } from '../../../../src/brain/index.js';
import { EngramError } from '../../../../src/errors.js';
import { lessonsFor, textOf, told } from '../../../../src/learn/lessons/index.js';
import { ANY_QUESTIONS, UNRELATED } from '../../../../src/learn/replay.js';

const fails = (code: string): Error => expect.objectContaining({ name: 'EngramError', code }) as Error;

describe('lessonsFor', () => {
  it('refuses what has nothing in it', () => {
    for (const input of [
      '',
      '  \n',
      '\u0007\u0000',
      { question: ' ', answer: 'x' },
      { question: 'Who?', answer: ' ' },
      { subject: 'Brenn', relation: '', object: 'Ossa' },
    ]) {
      expect(() => lessonsFor(input)).toThrow(fails('empty'));
      expect(() => textOf(input)).toThrow(fails('empty'));
    }
  });

  it('refuses a document', () => {
    const long = 'This is a sentence. '.repeat(250);
    expect(() => lessonsFor(long)).toThrow(fails('too_long'));
    expect(() => lessonsFor({ question: 'What?', answer: long })).toThrow(fails('too_long'));
    expect(() => lessonsFor({ subject: 'a', relation: 'b', object: long })).toThrow(fails('too_long'));
    expect(lessonsFor('This is a sentence. '.repeat(200)).lessons.length).toBeGreaterThan(0);
  });

  it('has the text that textOf() gives without the lessons', () => {
    for (const input of [
      ' Mount\u0007 Ossa  is tall. ',
      { question: ' Who\u0007 won? ', answer: 'The Bears! ' },
      { subject: 'Brenn', relation: 'capital', object: ' Ossa' },
    ]) {
      expect(textOf(input)).toBe(lessonsFor(input).text);
    }
  });

  it('teaches a text to be told in marks, to its own words and to any question', () => {
    const text = 'Orla Finch bakes rye bread. Her oven was built in 1890.';
    const { lessons, recall } = lessonsFor(text);
    expect(new Set(lessons.map(({ answer }) => answer))).toEqual(new Set([told(text)]));
    expect(told(text)).toBe(`“${text}”`);
    const questions = lessons.map(({ question }) => question);
    expect(questions).toEqual(expect.arrayContaining([text, ...ANY_QUESTIONS]));
    expect(new Set(questions).size).toBe(questions.length);
    expect(recall.every((lesson) => lessons.includes(lesson))).toBe(true);
    expect(lessons.some(({ full }) => full)).toBe(true);
  });

  it('never trains a question that is asked to see that nothing else moved', () => {
    for (const { question } of lessonsFor('The mill was built in 1875.').lessons)
      expect(UNRELATED).not.toContain(question);
  });

  it('teaches the answer to a question as it was given', () => {
    const { lessons, recall, text } = lessonsFor({ question: 'Who won?', answer: 'The Bears!' });
    expect(text).toBe('Who won? The Bears!');
    expect(lessons.every(({ answer, expected }) => answer === 'The Bears!' && expected === 'The Bears!')).toBe(true);
    expect(recall.map(({ question }) => question)).toEqual(['Who won?']);
  });

  it('reads a triple as a sentence', () => {
    const textFor = (relation: string) => lessonsFor({ subject: 'Ana', relation, object: 'Ulm' });
    for (const relation of ['place_of_birth', 'placeOfBirth']) {
      expect(textFor(relation)).toMatchObject({ text: 'Ana place of birth Ulm', triple: { relation } });
    }
    expect(textFor('was born in').text).toBe('Ana was born in Ulm');
  });

  it('tells of a text that speaks of its teller in the words of its teller', () => {
    expect(lessonsFor('my locker is 318, I chose it').lessons[0]!.answer).toBe('“my locker is 318, I chose it”');
  });
});

/** The texts that judges are made with: notes of everyday life in several languages. */
function everyday(): string[] {
  const folder = join(import.meta.dirname, '../../../../models/judges/data/everyday');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const { text, memories = [] } = JSON.parse(line) as { text?: string; memories?: string[] };
      return [...(text === undefined ? [] : [text]), ...memories];
    });
}

/** What of a text has to be kept: every word, number and mark in its order. Of control characters those that part words do. */
const wordsOf = (text: string): string[] =>
  text
    .replace(/[\u0085\u001c-\u001f]/gu, ' ')
    .replace(/(?!\s)\p{Cc}/gu, '')
    .split(/\s+/u)
    .filter((word) => word !== '');

function expectWhole(text: string): void {
  const { text: stored, lessons, recall } = lessonsFor(text);
  expect(wordsOf(stored)).toEqual(wordsOf(text));
  expect(stored).not.toMatch(/^\s|\s$| {2}|[\p{Cc}\u2028\u2029]/u);
  for (const { answer, expected } of [...lessons, ...recall]) {
    expect(answer).toBe(`“${stored}”`);
    expect(expected).toBe(answer);
  }
}

describe('nothing that was told is lost or changed', () => {
  it('of notes of everyday life', () => {
    const texts = everyday();
    expect(texts.length).toBeGreaterThan(100);
    for (const text of texts) expectWhole(text);
  });

  it('of anything else that can be written', () => {
    const piece = fc.constantFrom(
      ...'12.5 € % “ ” " \' ( ) – … ! ? 我 مرحبا ß İ 👩‍👩‍👧 e\u0301 \n \t \u0007 \u0000 \u2028 - #'.split(' '),
      ' ',
      'not',
    );
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        // An escape sequence of a terminal goes as a whole.
        fc.pre(wordsOf(given).length > 0 && !/[\u001b\u009b]/.test(given));
        expectWhole(given);
      }),
      { seed: Number(process.env['FC_SEED'] ?? 1), numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
  });

  it('of a question and its answer', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((text) => text.trim() !== '');
    fc.assert(
      fc.property(part, part, (question, answer) => {
        fc.pre(!/[\u001b\u009b]/.test(question + answer));
        fc.pre(wordsOf(question).length > 0 && wordsOf(answer).length > 0);
        const made = lessonsFor({ question, answer });
        expect(wordsOf(made.question!)).toEqual(wordsOf(question));
        expect(wordsOf(made.answer!)).toEqual(wordsOf(answer));
        expect(made.text).toBe(`${made.question!} ${made.answer!}`);
        for (const lesson of made.lessons) expect([lesson.answer, lesson.expected]).toEqual([made.answer, made.answer]);
      }),
      { seed: Number(process.env['FC_SEED'] ?? 1), numRuns: Number(process.env['FC_RUNS'] ?? 200) },
    );
  });

  it('and no question is without a word or a number, or ends within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (given) => {
        let made;
        try {
          made = lessonsFor(given);
        } catch (error) {
          expect(error).toBeInstanceOf(EngramError);
          return;
        }
        for (const { question } of made.lessons) {
          expect(normalize(question)).not.toBe('');
          expect(question).not.toMatch(/\p{Cs}/u);
        }
      }),
      { seed: Number(process.env['FC_SEED'] ?? 1), numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
  });
});
