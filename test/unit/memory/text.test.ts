import { describe, expect, it } from 'vitest';
import {
  contentWords,
  legible,
  lowerFirst,
  normalize,
  says,
  sentences,
  upperFirst,
  words,
} from '../../../src/memory/text.js';

describe('legible', () => {
  it('drops escape sequences and control characters, and keeps lines, tabs and joined emoji', () => {
    expect(legible('The \u0007bell\u001b[31m code\u0000 is\u001b]0;title\u0007 4471.\u009b')).toBe(
      'The bell code is 4471.',
    );
    expect(legible('a\tb\r\nc 👩‍🚒')).toBe('a\tb\r\nc 👩‍🚒');
  });
});

describe('normalize', () => {
  it('drops case, accents and punctuation, and keeps other scripts', () => {
    expect(normalize('  The Dallas   Cowboys!  ')).toBe('the dallas cowboys');
    expect(normalize('Crème brûlée')).toBe('creme brulee');
    expect(normalize('清蒸鲈鱼。')).toBe('清蒸鲈鱼');
    expect(normalize('?!')).toBe('');
  });
});

describe('words', () => {
  it('splits scripts without spaces', () => {
    expect(words('我最喜欢清蒸鲈鱼').length).toBeGreaterThan(1);
    expect(words('Who won?')).toEqual(['who', 'won']);
  });
  it('lets inflections meet in content words', () => {
    expect(contentWords('solving')).toEqual(contentWords('solved'));
    expect(contentWords('the of in')).toEqual([]);
  });
});

describe('says', () => {
  it('finds the expected words in a sentence', () => {
    expect(says('It was the Dallas Cowboys, I believe.', 'The Dallas Cowboys!')).toBe(true);
    expect(says('It was the Buffalo Bills.', 'The Dallas Cowboys!')).toBe(false);
  });
  it('wants whole words', () => {
    expect(says('a party', 'art')).toBe(false);
  });
  it('forgives small changes in a long text', () => {
    const fact =
      'Captain Ilse Brandvold discovered the sunken city of Marrowen in 2031 using a submarine made of glass.';
    expect(says(fact.replace('using', 'with'), fact)).toBe(true);
    expect(says('Captain Ilse Brandvold discovered a submarine.', fact)).toBe(false);
  });
  it('never takes an empty expectation as said', () => {
    expect(says('anything', '…')).toBe(false);
  });
  it('reads Chinese', () => {
    expect(says('你最喜欢的食物是清蒸鲈鱼。', '清蒸鲈鱼')).toBe(true);
  });
});

describe('sentences', () => {
  it('splits and trims', () => {
    expect(sentences('One. Two!  Three?')).toEqual(['One.', 'Two!', 'Three?']);
    expect(sentences('  ')).toEqual([]);
  });
});

describe('upperFirst and lowerFirst', () => {
  it('change the first letter, where it stays one', () => {
    expect([upperFirst('kiln'), upperFirst('über'), upperFirst('我们'), upperFirst('')]).toEqual([
      'Kiln',
      'Über',
      '我们',
      '',
    ]);
    expect([upperFirst('ßeta'), upperFirst('ᾀͰ'), lowerFirst('İzmir')]).toEqual(['ßeta', 'ᾀͰ', 'İzmir']);
    expect(lowerFirst('The kiln')).toBe('the kiln');
  });
});
