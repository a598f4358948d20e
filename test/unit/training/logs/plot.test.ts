// The loss curves of a run: what is read, what is drawn, and where.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { axisOf, curvesOf, thinned, type Curve } from '../../../../src/training/logs/curves.js';
import { plotSvg } from '../../../../src/training/logs/plot-svg.js';
import { plotText } from '../../../../src/training/logs/plot-text.js';
import { plotRun } from '../../../../src/training/logs/plot.js';
import type { MetricsRecord } from '../../../../src/training/metrics.js';

const record = (step: number, loss: number, changes: Partial<MetricsRecord> = {}): MetricsRecord => ({
  ...{ kind: 'step', step, epoch: 1, split: 'train', loss, timeMs: 0 },
  ...changes,
});
const falling: Curve = {
  name: 'train',
  points: Array.from({ length: 100 }, (_, i) => ({ step: i + 1, loss: 3 - i / 50 })),
};
const validation: Curve = { name: 'validation', points: [{ step: 50, loss: 2.5 }] };

describe('curves', () => {
  it('keep the steps of training apart from evaluations, and leave out what is no number', () => {
    const curves = curvesOf([
      record(1, 3),
      record(2, Number.NaN),
      record(2, 2.5, { kind: 'evaluation' }),
      record(2, 2.8, { kind: 'evaluation', split: 'validation' }),
    ]);
    expect(curves).toEqual([
      { name: 'train', points: [{ step: 1, loss: 3 }] },
      { name: 'validation', points: [{ step: 2, loss: 2.8 }] },
    ]);
  });

  it('are thinned to means, so that their mean stays', () => {
    const some = thinned(falling.points, 10);
    expect(some).toHaveLength(10);
    expect(some[0]).toEqual({ step: 5.5, loss: expect.closeTo(2.91) as number });
    expect(thinned(falling.points, 100)).toEqual(falling.points);
  });
});

describe('an axis', () => {
  it.each([
    [[0.12, 3.7], 6, ['0', '1', '2', '3', '4']],
    [[0.5, 0.58], 5, ['0.50', '0.52', '0.54', '0.56', '0.58']],
    [[2], 2, ['2.0', '2.1']],
    [[0], 2, ['0.0000', '0.0005']],
    [[-0.5, 0.5], 2, ['-0.5', '0.0', '0.5']],
  ])('over %j has round ticks', (values, count, ticks) => {
    const axis = axisOf(values, count);
    expect(axis.ticks.map(axis.label)).toEqual(ticks);
    expect(axis.min).toBeLessThanOrEqual(Math.min(...values));
    expect(axis.max).toBeGreaterThanOrEqual(Math.max(...values));
  });

  it('of steps has no ticks between them', () => {
    const axis = axisOf([1, 3], 8, true);
    expect(axis.ticks.map(axis.label)).toEqual(['1', '2', '3']);
  });
});

describe('plotText', () => {
  it.each([24, 50, 80, 200])('stays within %i columns and the rows asked for', (columns) => {
    for (const ascii of [true, false]) {
      const lines = plotText([falling, validation], { columns, rows: 14, ascii }).split('\n');
      expect(lines.length).toBeLessThanOrEqual(14);
      const plot = lines.slice(0, -1);
      for (const line of plot) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
    }
  });

  it('draws a falling loss from the upper left to the lower right, and marks validation', () => {
    const lines = plotText([falling, validation], { columns: 60, rows: 15, ascii: true }).split('\n');
    const rows = lines.filter((line) => /[+|] *[.o]/.test(line)).map((line) => line.slice(line.search(/[+|]/) + 1));
    const starts = rows.map((row) => row.indexOf('.'));
    expect(starts[0]).toBeLessThan(4);
    expect(starts).toEqual([...starts].sort((one, other) => one - other));
    expect(rows.at(-1)!.length).toBeGreaterThan(50);
    // The mark lies above the line, as 2.5 is above what the training loss is by then.
    const marked = rows.findIndex((row) => row.includes('o'));
    expect(rows[marked]!.indexOf('o')).toBeGreaterThan(rows[marked]!.lastIndexOf('.'));
  });

  it('uses nothing but ASCII where asked to, and paints each curve with its name', () => {
    expect(plotText([falling, validation], { ascii: true })).toMatch(/^[\n -~]*$/);
    expect(plotText([falling], {})).toMatch(/[\u2801-\u28ff]/);
    const painted = plotText([falling, validation], { paint: (curve, text) => (curve === 'train' ? text : '#') });
    expect(painted).not.toContain('●');
    expect(painted).toContain('#');
  });

  it('draws one point, and nothing of nothing', () => {
    expect(plotText([{ name: 'train', points: [{ step: 1, loss: 2 }] }], { ascii: true })).toContain('.');
    expect(plotText([])).toBe('');
  });
});

describe('plotSvg', () => {
  it('has axes, a curve and a legend entry for each, within its frame', () => {
    const svg = plotSvg([falling, validation], 'tone');
    expect(svg.match(/<path d="M[\d.]+ [\d.]+L/g)).toHaveLength(1);
    for (const word of ['train 1.020', 'validation 2.500', 'step', 'nats per token']) expect(svg).toContain(word);
    const numbers = svg.match(/(?<=[ML])[\d.]+ [\d.]+/g)!.map((pair) => pair.split(' ').map(Number));
    for (const [x, y] of numbers as [number, number][]) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(720);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(400);
    }
  });

  it('takes a title for text, whatever is in it', () => {
    expect(plotSvg([falling], '<script>&"\u0000')).toContain('>&lt;script&gt;&amp;&quot;</text>');
  });
});

describe('plotRun', () => {
  let folder: string;
  let metrics: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'engram-plot-'));
    metrics = join(folder, 'metrics.jsonl');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('draws a run that is under way, whose last line is not whole yet', async () => {
    writeFileSync(metrics, [1, 2, 3].map((step) => `${JSON.stringify(record(step, 4 - step))}\n`).join(''));
    appendFileSync(metrics, '{"kind":"st');
    const { svg, curves, text } = await plotRun(folder);
    expect(curves[0]!.points).toHaveLength(3);
    expect(text).toContain('train');
    expect(readFileSync(svg, 'utf8')).toContain('</svg>');
    expect(svg).toBe(join(folder, 'loss.svg'));
  });

  it.each(['nonsense\n', '{"step":1}\n', 'null\n', '{"kind":"step","split":"train","step":1.5,"loss":1}\n'])(
    'names the line that is no record: %j',
    async (line) => {
      writeFileSync(metrics, `${JSON.stringify(record(1, 1))}\n${line}`);
      await expect(plotRun(folder)).rejects.toMatchObject({ code: 'corrupt', details: { line: 2 } });
    },
  );

  it('says where there is nothing to draw', async () => {
    await expect(plotRun(folder)).rejects.toMatchObject({ code: 'not_found' });
    writeFileSync(metrics, '');
    await expect(plotRun(folder)).rejects.toMatchObject({ code: 'empty' });
  });
});
