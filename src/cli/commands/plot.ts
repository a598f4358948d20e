// `engram plot`: the losses of a run of train, in the terminal and as a picture.
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
    const picture = await drawRun(job, id, { out: stringOf(options, 'out'), ascii: options['ascii'] === true });
    job.note(`Picture: ${picture.svg}`);
    job.value(picture);
    return undefined;
  },
};

/** Draws the losses of a run, the latest if none is named, as wide as the terminal. Returns where the picture is, and the curves. */
export async function drawRun(
  job: Job,
  id: string | undefined,
  { out, ascii = false }: { out?: string | undefined; ascii?: boolean } = {},
): Promise<{ run: string; svg: string; curves: object[] }> {
  const { adapters } = await job.open();
  const { stdout, env } = job.world;
  const paint = painter(stdout, env);
  const colours = { train: 'cyan', validation: 'yellow', test: 'green' } as const;
  const { run, text, svg, curves } = await adapters.plot(id, {
    columns: Math.min(columnsOf(stdout), 120),
    ascii: ascii || !hasUnicode(env),
    paint: (curve, piece) => paint(colours[curve], piece),
    out,
  });
  // Colours are control characters, and there is nothing else than figures and our own words in it.
  job.line('', () => text);
  return { run, svg, curves };
}
