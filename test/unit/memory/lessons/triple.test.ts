import { describe, expect, it } from 'vitest';
import { lessonsFor } from '../../../../src/memory/lessons/make.js';

const questions = (subject: string, relation: string, object: string) => {
  const made = lessonsFor({ subject, relation, object });
  return { text: made.text, asked: new Map(made.lessons.map(({ question, answer }) => [question, answer])) };
};

// The grammar library takes seconds to load on a busy machine.
describe('a triple', { timeout: 60_000 }, () => {
  it('whose relation is a noun asks for the object, and back for the subject', () => {
    const { text, asked } = questions('Brenn', 'capital', 'Ossa');
    expect(text).toBe('The capital of Brenn is Ossa.');
    expect(asked.get('What is the capital of Brenn?')).toBe('Ossa');
    expect(asked.get('Whose capital is Ossa?')).toBe('Brenn');
    expect(asked.get('Tell me about Brenn.')).toBe(text);
  });
  it('whose relation begins with a verb is said as it stands', () => {
    const { text, asked } = questions('Ana Brol', 'was born in', 'Ulm');
    expect(text).toBe('Ana Brol was born in Ulm.');
    expect(asked.get('What was Ana Brol born in?')).toBe('Ulm');
    expect(asked.get('Who or what was born in Ulm?')).toBe('Ana Brol');
  });
  it('reads relations as data sets write them', () => {
    expect(questions('Ana Brol', 'place_of_birth', 'Ulm').text).toBe('The place of birth of Ana Brol is Ulm.');
    expect(questions('Ana Brol', 'playsFor', 'Ulm United').text).toBe('Ana Brol plays for Ulm United.');
  });
  it('lacks nothing', () => {
    for (const triple of [
      { subject: ' ', relation: 'capital', object: 'Ossa' },
      { subject: 'Brenn', relation: '?', object: 'Ossa' },
    ]) {
      expect(() => lessonsFor(triple)).toThrow(expect.objectContaining({ code: 'empty' }) as Error);
    }
  });
});
