// When the benchmark of memory calls an answer right, and how near it is.
import { describe, expect, it } from 'vitest';
import { load } from './parts.js';

const { contains, f1, isRight, normalise, wordRecall } = await load<{
  contains: (answer: string, targets: string[]) => boolean;
  f1: (answer: string, target: string) => number;
  isRight: (answer: string, asked: { answers: string[]; judge?: string }) => boolean;
  normalise: (text: string) => string;
  wordRecall: (answer: string, target: string) => number;
}>('scoring');

describe('scoring', () => {
  it('compares words without case, punctuation and articles', () => {
    expect(normalise(' The  “Dallas Cowboys”, 1994! ')).toBe('dallas cowboys 1994');
    expect(contains('It was the Dallas  cowboys.', ['Dallas Cowboys'])).toBe(true);
  });

  it('finds a target as whole words only', () => {
    expect(contains('In 1120 it burnt.', ['112'])).toBe(false);
    expect(contains('Nothing.', [''])).toBe(false);
    expect(contains('It shows James Caan’s house.', ['James Caan'])).toBe(true);
    expect(contains("Dad's Army", ['Dad’s Army'])).toBe(true);
  });

  it('finds a target inside a text that has no spaces', () => {
    expect(contains('首都是北京市。', ['北京'])).toBe(true);
  });

  it('weighs precision and recall of words, each word as often as it stands there', () => {
    expect(f1('Dallas Dallas', 'Dallas Cowboys')).toBe(0.5);
    expect(f1('the cat', 'cat')).toBe(1);
    expect(f1('', 'cat')).toBe(0);
    expect(f1('', '')).toBe(1);
    expect(wordRecall('In May a goose race is held here', 'goose race in May')).toBe(1);
  });

  it('takes the first yes or no as the decision', () => {
    const asked = { answers: ['no'], judge: 'decision' };
    expect(isRight('No, yes is what others say.', asked)).toBe(true);
    expect(isRight('Yes, no doubt.', asked)).toBe(false);
    expect(isRight('Nobody knows.', asked)).toBe(false);
  });
});
