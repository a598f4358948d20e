import { describe, expect, it } from 'vitest';
import { attribution } from '../../../src/cli/format/index.js';
import { FakeApi } from '../../fakes/api.js';
import { newAnswer, newPassage } from '../../fakes/results.js';
import { runCli } from './run-cli.js';

const memory = { id: 'm-00aa11', text: 'Mara Voss runs the kiln.', score: 0.931 };

describe('attribution', () => {
  it('names the memory with how surely it is meant, and how sure the answer is', () => {
    const answer = newAnswer('Mara Voss', { source: 'weights', memories: [memory], confidence: 0.876 });
    expect(attribution(answer)).toBe('from memory: m-00aa11 "Mara Voss runs the kiln." 0.93, sure 0.88');
  });
  it('says when it was told', () => {
    const told = { ...memory, text: 'I moved to Osterby last Tuesday.', told: '2026-11-30T09:12:00.000Z' };
    expect(attribution(newAnswer('x', { source: 'weights', memories: [told] }))).toBe(
      'from memory: m-00aa11 "I moved to Osterby last Tuesday." (told 2026-11-30) 0.93',
    );
  });
  it('names passages, and the memory whose weights were not sure', () => {
    const passages = [newPassage('The kiln is hot.'), newPassage('It is blue.')];
    expect(attribution(newAnswer('hot', { source: 'retrieval', passages }))).toBe('from documents: [1] [2]');
    expect(attribution(newAnswer('hot', { source: 'retrieval', passages, unsure: [memory] }))).toContain(
      'the weights of m-00aa11 "Mara Voss runs the kiln." 0.93 were not sure',
    );
  });
  it('names the memory that would have answered, were it whole', () => {
    expect(attribution(newAnswer('x', { damaged: memory }))).toBe(
      'from the base model alone; m-00aa11 "Mara Voss runs the kiln." is about it, but its adapter is damaged: ' +
        'engram brain rebuild --damaged',
    );
  });
  it('says when nothing of the kind was there', () => {
    expect(attribution(newAnswer('x'))).toBe('from the base model alone');
    expect(attribution(newAnswer('x', { source: 'context' }))).toBe('from the conversation');
    expect(attribution(newAnswer('x', { source: 'unknown' }))).toContain('--unknown answer');
    expect(attribution(newAnswer('x', { source: 'weights' }))).toBe('from the adapter');
  });
});

describe('--unknown', () => {
  it('is passed on, and is one of two words', async () => {
    const api = new FakeApi();
    await runCli(['ask', '--unknown', 'answer', 'Where did I park?'], { api });
    expect(api.engine.calls[0]![2]).toMatchObject({ unknown: 'answer' });
    expect((await runCli(['ask', '--unknown', 'guess', 'x'])).code).toBe(2);
  });
});
