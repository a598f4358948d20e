import { describe, expect, it } from 'vitest';
import { EVIDENCE, evidenceOf, evidenceOfWords, meaningOf } from '../../../src/memory/evidence.js';
import { informationFrom } from '../../../src/memory/information.js';
import { termsOf, union } from '../../../src/memory/terms.js';
import { byLength } from './letters.js';

function evidence(question: string, ...keys: string[]): Record<(typeof EVIDENCE)[number], number> {
  const facets = keys.map((key) => ({ vector: Float32Array.of(1), terms: termsOf(key, byLength) }));
  const told = facets.length > 1 ? facets.slice(1) : facets;
  const subject = { facets, told, terms: union(facets.map(({ terms }) => terms)) };
  const values = evidenceOf(evidenceOfWords(termsOf(question, byLength), subject)[0]!, 0.5);
  return Object.fromEntries(EVIDENCE.map((name, i) => [name, values[i]])) as never;
}

describe('evidence', () => {
  it('is full where all words are shared, and none where no word is', () => {
    expect(evidence('Where is Crailing Church?', 'Where is Crailing Church?')).toMatchObject({
      asked: 1,
      told: 1,
      askedApart: 0,
      toldNames: 1,
      otherKind: 0,
    });
    expect(evidence('Explain photosynthesis', 'Where is Crailing Church?')).toMatchObject({ asked: 0, told: 0 });
  });
  it('sees a number that the other side has not', () => {
    expect(evidence('Who won in 1995?', 'Who won in 1994?')).toMatchObject({ askedNumber: 1, toldNumber: 1 });
    expect(evidence('Who won?', 'Who won in 1994?')).toMatchObject({ askedNumber: 0, toldNumber: 1 });
  });
  it('sees another thing of the same kind, and another person of the same name', () => {
    expect(evidence('What is the code of the red locker?', 'The code of the blue locker is 4711.')).toMatchObject({
      otherKind: 1,
      otherName: 0,
    });
    expect(evidence('Where did Jo Brown die?', 'Where did Jack Brown die?')).toMatchObject({ otherName: 1 });
    expect(evidence('Where did Brown die?', 'Where did Jack Brown die?')).toMatchObject({ otherName: 0 });
  });
  it('knows names in questions written small by the memory', () => {
    expect(evidence('where is crailing church', 'Where is Crailing Church?')).toMatchObject({
      askedNames: 1,
      noAskedNames: 0,
    });
  });
  it('asks for the question that was told, not for its answer', () => {
    expect(evidence('Who won?', 'Who won? The Dallas Cowboys', 'Who won?').told).toBe(1);
  });
  it('has values from 0 to 1.5 for any texts', () => {
    for (const text of ['', '?!', '这是什么？', 'a', '𝒜 emoji 🎉', '1 2 3']) {
      for (const value of Object.values(evidence(text, text, 'Ulm'))) expect(value >= 0 && value <= 1.5).toBe(true);
    }
  });
});

describe('meaningOf', () => {
  it('is the cosine with the nearest facet', () => {
    const facet = (...values: number[]) => ({ vector: Float32Array.from(values), terms: new Map() });
    const subject = { facets: [facet(1, 0), facet(0, 1)], told: [], terms: new Map() };
    expect(meaningOf(Float32Array.of(0.6, 0.8), subject)).toBeCloseTo(0.8);
  });
});

describe('termsOf', () => {
  it('has stems, names, and what stands before', () => {
    const terms = termsOf("Who designed the High Bridge of Tarmok's brother?", byLength);
    expect([...terms.keys()]).toEqual(['design', 'high', 'bridg', 'tarmok', 'brother']);
    expect(terms.get('bridg')).toMatchObject({ isName: true, before: new Set(['high']) });
    expect(terms.get('design')).toMatchObject({ isName: false });
    expect(terms.get('tarmok')!.before.size).toBe(0);
  });
  it('cuts scripts without spaces into words', () => {
    expect([...termsOf('我最喜欢的食物是清蒸鲈鱼', byLength).keys()].length).toBeGreaterThan(2);
  });
});

describe('informationFrom', () => {
  it('gives rare words more', () => {
    const ids: Record<string, number[]> = { ' team': [300], ' zygote': [40000, 900] };
    const information = informationFrom((text) => ids[text] ?? [1]);
    expect(information('zygote')).toBeGreaterThan(information('team'));
  });
});
