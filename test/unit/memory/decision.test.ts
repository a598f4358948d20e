import { describe, expect, it } from 'vitest';
import { denialIn, openingOf } from '../../../src/memory/decision.js';

const lighthouse = 'The lighthouse of Varn was painted green by Ota Melik in 1911.';

describe('openingOf', () => {
  it.each([
    ['Was the lighthouse of Varn painted green?', 'Yes.'],
    ['Was the lighthouse of Varn painted red?', 'No.'],
    ['Did Ota Melik paint the lighthouse in 1911?', 'Yes.'],
    ['Did Ota Melik paint the lighthouse in 1921?', 'No.'],
    ['Is it true that Ana Brol painted the lighthouse of Varn?', 'No.'],
    ['is it true that ota melik painted the lighthouse of varn?', 'Yes.'],
    ['Is this right: the lighthouse of Varn was painted green.', 'Yes.'],
    ['True or false: the lighthouse of Varn was painted in 1911.', 'Yes.'],
    ['The lighthouse of Varn was painted blue, right?', 'No.'],
    ['The lighthouse was painted by Ota Melik. Is that so?', 'Yes.'],
    ["Wasn't the lighthouse of Varn painted green?", 'Yes.'],
    ["The lighthouse wasn't painted in 1911, was it?", 'No.'],
    ['Is it false that the lighthouse of Varn was painted green?', 'No.'],
    ['Is it true that the lighthouse was not painted in 1911?', 'No.'],
    ['I walked past it. Was the lighthouse of Varn painted in 1912?', 'No.'],
  ])('%s %s', (question, opening) => {
    expect(openingOf(question, lighthouse)).toBe(opening);
  });

  it.each([
    'Who painted the lighthouse of Varn?',
    'Can you tell me who painted the lighthouse of Varn?',
    'Do you know when the lighthouse was painted?',
    'Was the lighthouse painted green or red?',
    'Tell me about the lighthouse of Varn.',
    'Was I there? When was the lighthouse painted?',
    'Is it?',
    'Wurde der Leuchtturm von Varn grün gestrichen?',
  ])('leaves alone: %s', (question) => {
    expect(openingOf(question, lighthouse)).toBeUndefined();
  });

  it('wants a number as often as it is claimed', () => {
    const text = 'The school was open from 1979 to 1984.';
    expect(openingOf('Was the school open from 1979 to 1984?', text)).toBe('Yes.');
    expect(openingOf('Was the school open from 1984 to 1984?', text)).toBe('No.');
  });

  it.each([
    ['Is the bridge of Varn red?', 'Yes.'],
    ['Is the bridge of Varn green?', 'No.'],
    ['Is the bridge open on Sundays?', 'No.'],
    ['Is the bridge not open on Sundays?', 'Yes.'],
  ])('weighs a denial against the sentence that is about it: %s %s', (question, opening) => {
    expect(openingOf(question, 'The bridge of Varn is red. It is not open on Sundays.')).toBe(opening);
  });
});

describe('denialIn', () => {
  it('finds two sentences of which one denies the other', () => {
    const both = ['The back door is locked.', "The back door isn't locked."];
    expect(denialIn(`Mara has the key. ${both.join(' It rained. ')}`)).toEqual(both);
    expect(denialIn('The wifi never works. The wifi works.')).toBeDefined();
  });

  it.each([
    'The front door is locked. The back door is not locked.',
    'The door is locked. The door is locked.',
    'Nobody came. Never.',
    'Die Tür ist zu. Die Tür ist nicht zu.',
  ])('finds none in: %s', (text) => {
    expect(denialIn(text)).toBeUndefined();
  });
});
