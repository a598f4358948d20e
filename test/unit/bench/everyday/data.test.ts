// What the everyday benchmark tells and asks, and its split.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load, type Brain } from './parts.js';

const { readBrains } = await load<{ readBrains: (options: object) => Brain[] }>('data');

const folder = mkdtempSync(join(tmpdir(), 'engram-everyday-'));
const row = (i: number) => ({
  ...{ id: `r${i}`, text: `Door ${i} is red.`, implied: [{ q: `paint ${i}`, a: ['red'] }] },
  ask: ['w', 'r', 'h', 'o'].map((q) => ({ q: `${q}${i}`, a: ['red'] })),
  ...{ near: [`near ${i}`], general: [`general ${i}`] },
});
const group = (i: number) => ({
  ...{ id: `g${i}`, memories: ['a is 1', 'b is 2'], none: ['c?'] },
  ask: [{ q: 'a?', a: ['1'], of: [0] }],
  both: [{ q: 'a and b?', a: ['1', '2'], of: [0, 1], all: true }],
  updates: [{ text: 'a is 3', replaces: 0, q: 'a?', old: ['1'], new: ['3'] }],
});
const write = (name: string, rows: object[]) => {
  writeFileSync(join(folder, name), rows.map((one) => JSON.stringify(one)).join('\n'));
};
write('home.jsonl', [0, 1, 2, 3].map(row));
write('some-groups.jsonl', [0, 1, 2, 3].map(group));

describe('everyday rows', () => {
  it('are one brain a file, told whole, of which a part is asked about', () => {
    const [brain, ...others] = readBrains({ kind: 'everyday', data: folder, part: 'fit' });
    expect(others).toEqual([]);
    expect(brain!.name).toBe('home');
    expect(brain!.memories.map(({ id, part }) => `${id} ${part}`)).toEqual([
      'r0 fit',
      'r1 choose',
      'r2 test',
      'r3 fit',
    ]);
    expect(brain!.asked.filter(({ row }) => row === 'r0').map(({ kind }) => kind)).toEqual(
      ['words', 'reworded', 'hardly', 'other', 'implied', 'near', 'general'], // prettier-ignore
    );
    expect([...new Set(brain!.asked.map(({ row }) => row))]).toEqual(['r0', 'r3']);
    expect(brain!.asked.find(({ question }) => question === 'w3')).toMatchObject({ of: [3], answers: ['red'] });
  });

  it('of groups are a brain each, of the part alone, with what changes', () => {
    const brains = readBrains({ kind: 'groups', data: folder, part: 'choose' });
    expect(brains.map(({ name }) => name)).toEqual(['some-groups-g1']);
    expect(brains[0]!.asked.map(({ kind }) => kind)).toEqual(['asked', 'both', 'none']);
    expect(brains[0]!.updates).toEqual([{ text: 'a is 3', replaces: 0, question: 'a?', old: ['1'], new: ['3'] }]);
  });

  it('are the first of a file where fewer are wanted, in the parts that they have anyway', () => {
    const [brain] = readBrains({ kind: 'everyday', data: join(folder, 'home.jsonl'), count: 3, part: 'test' });
    expect(brain!.memories).toHaveLength(3);
    expect([...new Set(brain!.asked.map(({ row }) => row))]).toEqual(['r2']);
  });

  it('are split as those that judges are trained on', async () => {
    const { PARTS } = await load<{ PARTS: string[] }>('parts');
    const judge = new URL('../../../../scripts/judge/data.mjs', import.meta.url).href;
    expect(((await import(judge)) as { PARTS: string[] }).PARTS).toEqual(PARTS);
  });

  it('that are none are refused with their line', () => {
    write('bad.jsonl', [row(0), { text: 'no questions' }]);
    const read = () => readBrains({ kind: 'everyday', data: join(folder, 'bad.jsonl') });
    expect(read).toThrow(/Line 2 of .*bad\.jsonl is no everyday row/);
    expect(() => readBrains({ kind: 'groups', data: join(folder, 'home.jsonl') })).toThrow(
      /nothing of the kind groups/,
    );
  });
});
