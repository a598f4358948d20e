import { describe, expect, it } from 'vitest';
import { clauseOf } from '../../../../src/memory/lessons/clause.js';
import { namesOf } from '../../../../src/memory/lessons/words.js';

// The grammar library takes seconds to load on a busy machine.
describe('clauseOf', { timeout: 60_000 }, () => {
  it.each([
    ['In 2005 the factory was sold to AvtoZAZ, a Ukrainian car manufacturer.', 'the factory', 'was sold'],
    ['Nathan Alterman, the Israeli poet, was born in Warsaw.', 'Nathan Alterman', 'was born'],
    ['When the storm came in 1970, Doctor Pell quickly closed two windows.', 'Doctor Pell', 'closed'],
    [
      'The technologies invented by Tesla are a recurring theme in science fiction.',
      'The technologies invented by Tesla',
      'are',
    ],
    ['Molecules that contain oxygen evaporate at a faster rate.', 'Molecules that contain oxygen', 'evaporate'],
  ])('finds the subject and the verb: %s', (sentence, subject, verb) => {
    expect(clauseOf(sentence)).toMatchObject({ subject, verb });
  });
  it('knows what the phrases tell', () => {
    const tells = (sentence: string) => clauseOf(sentence)?.phrases.map(({ tells: what, core }) => [what, core]);
    expect(tells('Doctor Pell keeps seven parrots in her kitchen since 2004.')).toEqual([
      ['how many', 'seven parrots'],
      ['where', 'her kitchen'],
      ['when', '2004'],
    ]);
    expect(tells('I parked my car on level 3 of the Hartmann garage.')?.[1]).toEqual([
      'where',
      'level 3 of the Hartmann garage',
    ]);
  });
  it('finds none where there is none', () => {
    for (const text of ['', 'Kiwi', '12345', 'The green door', '?!', 'in in in']) expect(clauseOf(text)).toBeNull();
  });
});

describe('namesOf', () => {
  it('finds the names, not the first word', () => {
    expect(namesOf('Yesterday the mayor of Ulm met Ana Brol.')).toEqual(['Ulm', 'Ana Brol']);
  });
});
