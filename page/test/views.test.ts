import { expect, it } from 'vitest';
import type { MemorizeProgress, TuningEvent } from '../src/api.js';
import { aligned, sentence } from '../src/parts/plot.js';
import { add, branch, EMPTY, exported, messagesTo, parseTree, show, siblings, update } from '../src/views/chat/tree.js';
import { matches } from '../src/views/memory-search.js';
import { parseMetrics } from '../src/views/metrics.js';
import { snippetsFor } from '../src/views/snippets.js';
import { learningAfter, NOTHING_LEARNED } from '../src/views/teach/phases.js';
import { curvesOf } from '../src/views/training/curves.js';
import { preview } from '../src/views/training/rows.js';

it('keeps the answer before an edit, and goes back to it', () => {
  const asked = add(EMPTY, { parent: undefined, role: 'user', text: 'one' });
  const answered = add(asked.tree, { parent: asked.id, role: 'assistant', text: 'first' });
  const edited = add(answered.tree, { parent: undefined, role: 'user', text: 'two' });
  const again = add(edited.tree, { parent: edited.id, role: 'assistant', text: 'second' });
  expect(branch(again.tree).map(({ text }) => text)).toEqual(['two', 'second']);
  expect(siblings(again.tree, again.tree.turns[edited.id]!).map(({ text }) => text)).toEqual(['one', 'two']);
  expect(branch(show(again.tree, asked.id)).map(({ text }) => text)).toEqual(['one', 'first']);
  expect(messagesTo(again.tree, edited.id)).toEqual([{ role: 'user', content: 'two' }]);
});

it('sends no empty answers, which some templates refuse', () => {
  const asked = add(EMPTY, { parent: undefined, role: 'user', text: 'one' });
  const failed = add(asked.tree, { parent: asked.id, role: 'assistant', text: '', state: 'failed' });
  const more = add(failed.tree, { parent: failed.id, role: 'user', text: 'two' });
  expect(messagesTo(more.tree, more.id)).toEqual([
    { role: 'user', content: 'one' },
    { role: 'user', content: 'two' },
  ]);
});

it('takes up a kept conversation, and none that is broken', () => {
  const { tree, id } = add(EMPTY, { parent: undefined, role: 'user', text: 'x' });
  const running = add(tree, { parent: id, role: 'assistant', text: 'half', state: 'running' }).tree;
  expect(parseTree(JSON.stringify(running)).turns[1]).toMatchObject({ text: 'half', state: 'stopped' });
  for (const broken of [
    undefined,
    '',
    'null',
    '{}',
    '[]',
    '{"turns":[{"id":0,"parent":0,"text":"x"}]}',
    '{"turns":[],"tip":3}',
    '{"turns":{}}',
  ]) {
    expect(parseTree(broken)).toEqual(EMPTY);
  }
  expect(exported(update(tree, id, { text: 'y' }), { user: 'You', assistant: 'Model' })).toBe('**You**\n\ny\n');
});

it('gathers what a learning reports, and begins its curve again with a second attempt', () => {
  const reports: MemorizeProgress[] = [
    { phase: 'lessons', lessons: 4 },
    { phase: 'train', step: 1, steps: 8, loss: 3, tokensPerSecond: 100 },
    { phase: 'train', step: 2, steps: 8, loss: 2, tokensPerSecond: 100 },
    { phase: 'probe_after', done: 1, of: 4 },
    { phase: 'train', step: 1, steps: 8, loss: 2.5, tokensPerSecond: 100 },
  ];
  const learning = reports.reduce(learningAfter, NOTHING_LEARNED);
  expect(learning).toMatchObject({ phase: 'train', lessons: 4, done: 1, of: 8, losses: [{ step: 1, value: 2.5 }] });
});

const metrics = (data: TuningEvent['data']): TuningEvent => ({
  ...{ id: 'e', created_at: 0, level: 'info', message: '', type: 'metrics', data },
});

it('draws the losses of a run, each series by its own steps', () => {
  const series = curvesOf(
    [
      metrics({ step: 2, train_loss: 1.5, valid_loss: null }),
      metrics({ step: 1, train_loss: 2 }),
      metrics({ step: 2, train_loss: null, full_valid_loss: 1.8 }),
      metrics(null),
    ],
    { train: 'T', validation: 'V' },
  );
  expect(aligned(series)).toEqual([
    [1, 2],
    [2, 1.5],
    [null, 1.8],
  ]);
  expect(sentence(series)).toBe('T: 2.00 → 1.50 in 2 steps. V: 1.80 → 1.80 in 1 step.');
  expect(sentence([])).not.toBe('');
});

it('shows which text of a row is trained, and which lines are none', () => {
  const { rows, count, faults } = preview(
    [
      '\uFEFF{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}',
      '',
      '{"prompt":"p","completion":"c"}',
      '{"text":"t"}',
      '{"question":',
      '{"other":1}',
      'null',
      '{"messages":[null]}',
    ].join('\r\n'),
  );
  expect(count).toBe(7);
  expect(
    rows.slice(0, 3).map(({ pieces }) => pieces?.filter(({ isTrained }) => isTrained).map(({ text }) => text)),
  ).toEqual([['a'], ['c'], ['t']]);
  expect(faults).toEqual([
    { line: 5, fault: 'json' },
    { line: 6, fault: 'shape' },
    { line: 7, fault: 'shape' },
    { line: 8, fault: 'shape' },
  ]);
  expect(preview('')).toEqual({ rows: [], count: 0, faults: [] });
});

it('finds memories by words in any order, without case and accents', () => {
  const memory = { id: 'm-1', text: 'Die Öfen in Zürich', state: 'remembered' as const };
  expect(matches(memory, 'zurich ofen', 'remembered')).toBe(true);
  expect(matches(memory, 'zürich bern', 'all')).toBe(false);
  expect(matches(memory, 'm-1', 'forgotten')).toBe(false);
  expect(matches({ ...memory, damaged: 'missing' }, '', 'damaged')).toBe(true);
});

it('adds up metrics over their labels', () => {
  const found = parseMetrics(
    '# HELP a x\na{route="/v1/x",status="200"} 2\na{route="y z"} 3 1700000000\nb 1.5e3\nc NaN\nbroken\n',
  );
  expect([...found]).toEqual([
    ['a', 5],
    ['b', 1500],
  ]);
});

it('gives snippets for five clients, with the address and without a key', () => {
  const snippets = snippetsFor('http://127.0.0.1:11435', 'brain:work');
  expect(snippets).toHaveLength(5);
  for (const { name, text } of snippets.filter(({ name: of }) => of !== 'MCP')) {
    expect(text, name).toContain('http://127.0.0.1:11435');
    expect(text, name).toContain('ENGRAM_KEY');
  }
});
