// A curve of losses, with a sentence and a table that say the same to who cannot see it. Not here: where the points come from.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'preact/hooks';
import type { VNode } from 'preact';
import { loss, number } from '../format.js';
import { t } from '../strings/index.js';

export interface Series {
  label: string;
  /** By step, ascending. */
  points: readonly { step: number; value: number }[];
}

const HEIGHT = 180;
/** Distances of the marks below the curve. */
const WHOLE = [1, 2, 5]
  .flatMap((by) => [1, 10, 100, 1000, 10_000, 100_000].map((ten) => by * ten))
  .sort((a, b) => a - b);
/** Rows of the table: more are thinned out. */
const ROWS = 20;

export function Plot({ series, title }: { series: readonly Series[]; title: string }): VNode {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const filled = series.filter(({ points }) => points.length > 0);
  const labels = filled.map(({ label }) => label).join('\n');
  const data = aligned(filled);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    const element = host.current;
    if (element === null || filled.length === 0) return;
    const drawn = new uPlot(optionsFor(filled, element), latest.current, element);
    plot.current = drawn;
    const resize = new ResizeObserver(() => {
      drawn.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [labels]);
  useEffect(() => {
    plot.current?.setData(data);
  });
  return (
    <figure class="plot" aria-label={title}>
      <div ref={host} class="canvas" aria-hidden="true" />
      <figcaption>{sentence(filled)}</figcaption>
      {filled.length > 0 && (
        <details>
          <summary>{t('plot.table')}</summary>
          <Table series={filled} />
        </details>
      )}
    </figure>
  );
}

export function sentence(series: readonly Series[]): string {
  if (series.length === 0) return t('plot.none');
  return series
    .map(({ label, points }) => {
      const [first, last] = [points[0]!, points.at(-1)!];
      return t('plot.sentence', { label, from: loss(first.value), to: loss(last.value), steps: points.length });
    })
    .join(' ');
}

/** All steps of all series, and the values at each; null where a series has none. */
export function aligned(series: readonly Series[]): uPlot.AlignedData {
  const steps = [...new Set(series.flatMap(({ points }) => points.map(({ step }) => step)))].sort((a, b) => a - b);
  const columns = series.map(({ points }) => {
    const byStep = new Map(points.map(({ step, value }) => [step, value]));
    return steps.map((step) => byStep.get(step) ?? null);
  });
  return [steps, ...columns];
}

function Table({ series }: { series: readonly Series[] }): VNode {
  const [steps, ...columns] = aligned(series) as [number[], ...(number | null)[][]];
  const every = Math.max(1, Math.ceil(steps.length / ROWS));
  const rows = steps.map((step, i) => ({ step, i })).filter(({ i }) => i % every === 0 || i === steps.length - 1);
  return (
    <table>
      <thead>
        <tr>
          <th>{t('plot.step')}</th>
          {series.map(({ label }) => (
            <th>{label}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ step, i }) => (
          <tr>
            <td>{number(step)}</td>
            {columns.map((column) => (
              <td>{column[i] === null || column[i] === undefined ? '' : loss(column[i])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function optionsFor(series: readonly Series[], element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  };
  const strokes = ['--accent', '--second', '--third', '--fourth'].map(colour);
  return {
    ...{ width: Math.max(200, element.clientWidth), height: HEIGHT, legend: { show: series.length > 1 } },
    scales: { x: { time: false } },
    cursor: { drag: { x: false, y: false } },
    // There are no half steps.
    axes: [
      { ...axis, incrs: WHOLE },
      { ...axis, size: 50 },
    ],
    series: [
      {},
      ...series.map(({ label }, i) => ({
        ...{ label, stroke: strokes[i % strokes.length]!, width: 2, spanGaps: true },
        points: { show: true, size: 5 },
      })),
    ],
  };
}
