import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../../src/errors.js';
import { lessonsFor } from '../../../../src/learn/lessons/make.js';
import { memoriesOf } from '../../../../src/learn/lessons/split.js';
import type { MemoryInput } from '../../../../src/brain/types.js';

/** Words and marks of many kinds, so that they are met in every order. */
const piece = fc.constantFrom(
  ...'If when the Zara was built , . ? ! who which in 2031 of seven parrots I my said : ( ) “ " \' – and 我 是 。 über ist $5 % to by solving'.split(
    ' ',
  ),
  '\n',
  '- ',
  '# ',
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.array(piece, { maxLength: 30 }).map((words) => words.join(' ')),
);
const input: fc.Arbitrary<MemoryInput> = fc.oneof(
  text,
  fc.record({ question: text, answer: text }),
  fc.record({ subject: text, relation: text, object: text }),
);

describe('any input', () => {
  it('gives lessons that can be trained, or a clear error', () => {
    fc.assert(
      fc.property(input, (given) => {
        let made;
        try {
          made = lessonsFor(given);
        } catch (error) {
          if (!(error instanceof EngramError)) throw error;
          expect(['empty', 'too_long']).toContain(error.code);
          return;
        }
        const asked = made.lessons.map(({ question }) => question);
        expect(asked.length).toBeGreaterThan(0);
        expect(new Set(asked).size).toBe(asked.length);
        expect(made.lessons.some(({ full }) => full)).toBe(true);
        for (const { question, answer, expected } of made.lessons) {
          expect(question.trim()).not.toBe('');
          expect(answer).toBe(expected);
        }
        expect(made.recall.length).toBeGreaterThan(0);
        expect(made.recall.every((lesson) => made.lessons.includes(lesson))).toBe(true);
      }),
      { numRuns: 50 },
    );
  }, 60_000);
  it('becomes memories that all have lessons, or a clear error', () => {
    fc.assert(
      fc.property(text, (given) => {
        try {
          for (const memory of memoriesOf(given)) expect(lessonsFor(memory).lessons.length).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof EngramError)) throw error;
          expect(['empty', 'too_long']).toContain(error.code);
        }
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
