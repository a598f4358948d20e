// The curves of a run out of its folder: drawn as text, and as loss.svg in the folder. Not here: which folder (runs.ts).
import { basename, join } from 'node:path';
import { EngramError } from '../../errors.js';
import { writeFileAtomic } from '../../files.js';
import { curvesOf, type Curve } from './curves.js';
import { plotSvg } from './plot-svg.js';
import { plotText, type PlotTextOptions } from './plot-text.js';
import { readMetrics } from './read-metrics.js';

export interface RunPlot {
  text: string;
  /** Path of the picture. */
  svg: string;
  curves: Curve[];
}

export interface PlotOptions extends PlotTextOptions {
  /** Where the picture goes. Default: loss.svg in the run's folder. */
  out?: string | undefined;
}

/** Draws the losses of a run, also of one that is under way. Throws `not_found`, `corrupt`, `empty` (no step was taken yet),
 * `disk`. */
export async function plotRun(folder: string, options: PlotOptions = {}): Promise<RunPlot> {
  const curves = curvesOf(await readMetrics(join(folder, 'metrics.jsonl')));
  if (curves.length === 0) throw new EngramError('empty', `The run ${basename(folder)} has measured nothing yet.`);
  const svg = options.out ?? join(folder, 'loss.svg');
  await writeFileAtomic(svg, plotSvg(curves, basename(folder)));
  return { text: plotText(curves, options), svg, curves };
}
