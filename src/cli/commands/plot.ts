// `engram plot`: the losses of a run of train, in the terminal and as a picture.
import { EngramError } from '../../errors.js';
import type { CommandSpec } from '../command.js';
import { stringOf } from '../input.js';
import { columnsOf, hasUnicode, painter } from '../io.js';
import type { Job } from '../job.js';

export const plot: CommandSpec = {
  usage: 'plot [run]',
  summary: 'draw the losses of a run of train (default: the latest), here and as an SVG in its folder',
  options: [
    ['--out <file.svg>', 'where the picture goes (default: loss.svg in the folder of the run)'],
    ['--ascii', 'draw with nothing but ASCII'],
  ],
  examples: ['engram plot', 'engram plot tone-20260102-030405 --out tone.svg'],
  run: async (job, [id], options) => {
    const { RunStore } = await job.api();
    const runs = new RunStore(job.settings.home);
    const run = id === undefined ? (await runs.list()).at(-1) : await runs.find(id);
    if (run === undefined) {
      throw new EngramError('not_found', 'There is no run yet.', { hint: 'engram train makes one.' });
    }
    const picture = await drawRun(job, run.folder, { out: stringOf(options, 'out'), ascii: options['ascii'] === true });
    job.note(`Picture: ${picture.svg}`);
    job.value({ run: run.record.id, ...picture });
    return undefined;
  },
};

/** Draws the losses of a run as wide as the terminal. Returns where the picture is, and the curves. */
export async function drawRun(
  job: Job,
  folder: string,
  { out, ascii = false }: { out?: string | undefined; ascii?: boolean } = {},
): Promise<{ svg: string; curves: object[] }> {
  const { plotRun } = await job.api();
  const { stdout, env } = job.world;
  const paint = painter(stdout, env);
  const colours = { train: 'cyan', validation: 'yellow', test: 'green' } as const;
  const { text, svg, curves } = await plotRun(folder, {
    columns: Math.min(columnsOf(stdout), 120),
    ascii: ascii || !hasUnicode(env),
    paint: (curve, piece) => paint(colours[curve], piece),
    out,
  });
  // Colours are control characters, and there is nothing else than figures and our own words in it.
  job.line('', () => text);
  return { svg, curves };
}
