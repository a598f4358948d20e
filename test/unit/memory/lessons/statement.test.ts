import { describe, expect, it } from 'vitest';
import { clauseOf } from '../../../../src/memory/lessons/clause.js';
import { toSecondPerson } from '../../../../src/memory/lessons/person.js';
import { statementLessons } from '../../../../src/memory/lessons/statement.js';
import { says } from '../../../../src/memory/text.js';

const SENTENCES = [
  'The lighthouse of Varn was painted green by Ota Melik in 1911.',
  'Doctor Pell keeps seven parrots in her kitchen.',
  'I parked my car on level 3 of the Hartmann garage.',
  'Yes.',
  '我最喜欢的食物是清蒸鲈鱼。',
  '12345',
];

describe('statementLessons', () => {
  it.each(SENTENCES)('makes lessons whose answer holds what is expected: %s', (sentence) => {
    const { lessons, probes } = statementLessons(sentence);
    expect(lessons.length).toBeGreaterThan(0);
    for (const lesson of lessons) expect(lesson.question.trim()).not.toBe('');
    const questions = [...lessons, ...probes].map(({ question }) => question);
    expect(new Set(questions).size).toBe(questions.length);
    for (const probe of probes) expect(says(probe.answer, probe.expected)).toBe(true);
  });
  it('asks for the subject, and about it', () => {
    const questions = statementLessons('Doctor Pell keeps seven parrots in her kitchen.').lessons.map(
      (lesson) => lesson.question,
    );
    expect(questions).toContain('Tell me about Doctor Pell.');
    expect(questions).toContain('Where does Doctor Pell keep seven parrots?');
    expect(questions.some((question) => /^(Who|What) keeps seven parrots/.test(question))).toBe(true);
  });
  it('finds subject and verb behind an opening phrase', () => {
    expect(clauseOf('With great care, Ana Brol mended the clock.')).toMatchObject({
      subject: 'Ana Brol',
      verb: 'mended',
    });
  });
});

describe('toSecondPerson', () => {
  it('says it back to the one who said it', () => {
    expect(toSecondPerson('I parked my car.')).toBe('You parked your car.');
    expect(toSecondPerson("My sister's dog likes me.")).toBe("Your sister's dog likes you.");
    expect(toSecondPerson('The museum opened in 1921.')).toBe('The museum opened in 1921.');
  });
});
