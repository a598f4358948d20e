// What the answers of the everyday benchmark come to.
import { describe, expect, it } from 'vitest';
import { load, type Asked, type Brain } from './parts.js';

interface Row {
  file: string;
  memories: number;
  committed: number;
  kinds: Record<string, object>;
  committedWrong?: object;
  updates?: object;
  secondsPerMemory?: number;
}
const { missesOf, rowsOf } = await load<{
  rowsOf: (all: object[]) => Row[];
  missesOf: (all: object[]) => Record<string, unknown>[];
}>('rows');

const brain = (asked: Asked[], more: Partial<Brain> = {}): Brain => ({
  ...{ name: 'home', file: 'home', asked, updates: [] },
  memories: ['r0', 'r1'].map((id) => ({ id, text: id, part: 'fit' })),
  ...more,
});
const ask = (kind: string, of: number): Asked => ({
  kind,
  question: `${kind}?`,
  answers: ['red'],
  of: [of],
  row: `r${of}`,
});
const left = (kind: string): Asked => ({ kind, question: `${kind}?`, row: 'r0' });
const said = (text: string, on?: string) => ({
  text,
  source: on === undefined ? 'base' : 'weights',
  on: on ? [on] : [],
});
const unknown = { text: "I don't know that.", source: 'unknown', on: [] };
const told = [
  { id: 'm0', committed: true, seconds: 2 },
  { id: 'm1', committed: false, seconds: 4, reason: 'not held' },
];
const measured = (answers: object[], more = {}) => ({ told, said: answers, updated: [], saidThen: [], ...more });

describe('a row of the everyday benchmark', () => {
  it('has what is right, what reaches its memory, and what is left alone', () => {
    const asked = [ask('words', 0), ask('words', 1), ask('implied', 0), left('near'), left('near'), left('general')];
    const answers = [said('red', 'm0'), said('red'), said('blue', 'm0'), said('x', 'm0'), unknown, unknown];
    const [row] = rowsOf([{ brain: brain(asked), measured: measured(answers) }]);
    expect(row).toMatchObject({ memories: 2, committed: 1, secondsPerMemory: 3 });
    expect(row!.kinds).toEqual({
      words: { asked: 2, right: 1, reaches: 0.5 },
      implied: { asked: 1, right: 0, reaches: 1 },
      near: { asked: 2, kept: 0.5 },
      general: { asked: 1, kept: 0 },
    });
  });

  it('counts a committed memory as wrong where fewer than two of its first three questions are right', () => {
    const asked = ['words', 'reworded', 'hardly', 'other'].map((kind) => ask(kind, 0));
    const wrong = [said('red', 'm0'), said('blue'), said('blue'), said('red', 'm0')];
    const right = [said('red', 'm0'), said('blue'), said('red', 'm0'), said('blue')];
    const row = (answers: object[]) => rowsOf([{ brain: brain(asked), measured: measured(answers) }])[0];
    expect(row(wrong)!.committedWrong).toEqual({ committed: 1, wrong: 1, share: 1 });
    expect(row(right)!.committedWrong).toEqual({ committed: 1, wrong: 0, share: 0 });
  });

  it('says of updates which answer came, and what else lost its place', () => {
    const updates = [{ text: 'u', replaces: 0, question: 'a?', old: ['1'], new: ['3'] }];
    const updated = [{ id: 'm2', committed: true, seconds: 3, supersedes: ['m0', 'm1'] }];
    const one = {
      brain: brain([left('none')], { updates }),
      measured: measured([said('x')], { updated, saidThen: [said('It is 3.', 'm2')] }),
    };
    expect(rowsOf([one])[0]!.updates).toEqual(
      { asked: 1, committed: 1, new: 1, old: 0, replaced: 1, othersSuperseded: 1 }, // prettier-ignore
    );
    expect(missesOf([one])).toContainEqual(expect.objectContaining({ kind: 'update', othersSuperseded: 1 }));
  });

  it('is there for each file and for all, of what was asked so far', () => {
    const one = { brain: brain([left('near'), left('near')]), measured: measured([said('x')]) };
    const other = { ...one, brain: { ...one.brain, file: 'work' } };
    const none = { brain: brain([left('near')], { file: 'none' }), measured: measured([]) };
    expect(rowsOf([one, other, none]).map(({ file }) => file)).toEqual(['home', 'work', 'all']);
  });

  it('lists what was wrong with question, what was expected and what was said', () => {
    const asked = [ask('words', 0), left('near')];
    const misses = missesOf([{ brain: brain(asked), measured: measured([said('blue', 'm0'), said('x', 'm0')]) }]);
    expect(misses).toEqual([
      { file: 'home', kind: 'not committed', row: 'r1', expected: 'r1', said: 'not held' },
      expect.objectContaining({ kind: 'words', question: 'words?', expected: ['red'], said: 'blue', reaches: true }),
      expect.objectContaining({ kind: 'near', question: 'near?', said: 'x', source: 'weights' }),
    ]);
  });
});
