// From results to shares, the table and the drawing.
import { describe, expect, it } from 'vitest';
import { load, type Answers, type Case, type Result, type Said } from './parts.js';

interface Given {
  strategy: string;
  gate: boolean;
  cases: Case[];
  base: Map<number, Answers>;
  results: Map<number, Result>;
}
const { rowOf, missesOf } = await load<{
  rowOf: (given: Given) => Record<string, unknown> | undefined;
  missesOf: (given: Given) => { ask: string; answer: string }[];
}>('rows');
const { memoryTable } = await load<{ memoryTable: (result: unknown) => string }>('table');
const { memoryPlot } = await load<{ memoryPlot: (result: unknown) => string }>('plot');

describe('rows', () => {
  const one: Case = {
    id: 'a',
    inputs: [{}],
    text: '',
    asked: [
      { ask: 'efficacy', question: 'q', answers: ['Ulm'] },
      { ask: 'paraphrase', question: 'p', answers: ['Ulm'] },
    ],
    neighbours: ['n'],
    old: { answers: ['Bonn'] },
  };
  const said = (text: string, on: string[] = []): Said => ({ text, on, passages: [], promptTokens: 10, seconds: 1 });
  const answers = (asked: Said[], neighbour = said('rock'), unrelated = said('sea')): Answers => ({
    asked,
    neighbours: [neighbour],
    unrelated: [unrelated],
  });
  const base = new Map([[0, answers([said('Bonn'), said('no idea')])]]);
  const memory = { id: 'm-1', committed: true, steps: 8, seconds: 2, tokens: 100, flop: 3e11, adapterBytes: 5 };
  const row = (result: Result, gate = true) =>
    rowOf({ strategy: 'weights', gate, cases: [one], base, results: new Map([[0, result]]) });

  it('has shares of what is right and of what stayed, and what it cost', () => {
    const gated = answers([said('Ulm.', ['m-1']), said('Berlin')], said('rock'), said('the sea', ['m-9']));
    expect(row({ learned: { seconds: 2, memories: [memory] }, gated })).toMatchObject({
      ...{ count: 1, rolledBack: 0, efficacy: 1, paraphrase: 0, neighbours: 1, unrelated: 0, unrelatedF1: 1 },
      ...{ secondsPerMemory: 2, tokensPerMemory: 100, gflopPerMemory: 300, adapterBytes: 5 },
      ...{ touchedOwn: 0.5, touchedNeighbours: 0, touchedUnrelated: 1 },
    });
  });

  it('counts a memory that was rolled back as not learned, though the answer has the target', () => {
    const gated = answers([said('Ulm'), said('Ulm')]);
    const rolledBack = { ...memory, committed: false };
    expect(row({ learned: { seconds: 2, memories: [rolledBack] }, gated })).toMatchObject({
      ...{ rolledBack: 1, efficacy: 0, paraphrase: 0, f1: 0, neighbours: 1 },
    });
  });

  it('counts what the model knew already by what it answers', () => {
    const known = { ...memory, committed: false, steps: 0 };
    const gated = answers([said('Ulm'), said('Ulm')]);
    expect(row({ learned: { seconds: 2, memories: [known] }, gated })).toMatchObject({ rolledBack: 0, efficacy: 1 });
  });

  it('without the gate takes the answers with the memory on', () => {
    const gated = answers([said('Ulm'), said('Ulm')]);
    const ungated = answers([said('Ulm'), said('Ulm')], said('Ulm'), said('Ulm'));
    const result = { learned: { seconds: 2, memories: [memory] }, gated, ungated };
    expect(row(result)).toMatchObject({ gate: true, neighbours: 1, unrelated: 1 });
    expect(row(result, false)).toMatchObject({ gate: false, neighbours: 0, unrelated: 0 });
  });

  it('tells new from old of what was superseded', () => {
    const gated = answers([said('Ulm, not Bonn'), said('Bonn')]);
    expect(row({ learned: { seconds: 2, memories: [memory], superseded: true }, gated })).toMatchObject({
      ...{ supersededNew: 0.5, supersededOld: 1 },
    });
  });

  it('tells what is still recalled of what was forgotten, apart from what is held', () => {
    const learned = { seconds: 2, memories: [memory] };
    expect(row({ learned, forgotten: [said('Bonn'), said('Ulm')] })).toMatchObject({
      ...{ forgottenRecalled: 0.5, forgottenLeft: 0.5, forgottenKnownBefore: 0, forgottenAsBefore: 0.5 },
    });
  });

  it('does not count a memory that was rolled back as forgotten', () => {
    const learned = { seconds: 2, memories: [{ ...memory, committed: false }] };
    expect(row({ learned, forgotten: [said('Ulm'), said('Ulm')] })).toBeUndefined();
  });

  it('sees whether what answers a question was there, as a memory or in a passage', () => {
    const turns: Case = {
      ...one,
      ...{ id: 's', inputs: ['Ana sold it.', 'Bo bought it.'], old: undefined },
      asked: [{ ask: 'one turn', question: 'q', answers: ['Ulm'], evidence: [0, 1] }],
    };
    const gated = answers([{ ...said('Ulm', ['m-2']), passages: [{ source: 's', text: 'Then Ana  sold it. So.' }] }]);
    const memories = [memory, { ...memory, id: 'm-3' }];
    const given = { strategy: 'both', gate: true, cases: [turns], base: new Map([[0, answers([said('no')])]]) };
    expect(rowOf({ ...given, results: new Map([[0, { learned: { seconds: 1, memories }, gated }]]) })).toMatchObject({
      ...{ evidence: 0.5, efficacy: 1, accuracy: 1, touchedOwn: 1, kinds: { 'one turn': { asked: 1, right: 1 } } },
    });
  });

  it('lists what was not held', () => {
    const gated = answers([said('Ulm'), said('Rome')], said('stone'));
    const results = new Map([[0, { learned: { seconds: 2, memories: [memory] }, gated }]]);
    const misses = missesOf({ strategy: 'weights', gate: true, cases: [one], base, results });
    expect(misses.map(({ ask, answer }) => [ask, answer])).toEqual([
      ['paraphrase', 'Rome'],
      ['neighbours', 'stone'],
    ]);
  });

  it('has no row where nothing was measured', () => {
    expect(rowOf({ strategy: 'weights', gate: true, cases: [one], base, results: new Map() })).toBeUndefined();
  });

  it('is shown as a table and drawn, with text that is no markup', () => {
    const result = {
      ...{ machine: { cpu: 'C', cores: 2, kernel: 'k', load: 0 }, peakGflops: { f32: 9 }, engram: '1', node: '20' },
      ...{ date: 'today', seconds: 3, options: { kind: 'a<b', count: 1, offset: 0, seed: 1, model: 'm' } },
      rows: [row({ learned: { seconds: 2, memories: [memory] }, gated: answers([said('Ulm'), said('Ulm')]) })],
    };
    expect(memoryTable(result)).toMatch(/strategy +memories +efficacy[\s\S]*weights +1 +100%/);
    expect(memoryPlot(result)).toContain('a&lt;b');
  });
});
