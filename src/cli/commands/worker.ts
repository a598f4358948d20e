// `engram worker`: does the jobs that wait in a store. Not here: handing them over (jobs.ts).
import { hostname } from 'node:os';
import type { CommandSpec } from '../command.js';
import { memorizeStep } from '../format/index.js';
import { numberOf, stringOf } from '../input.js';

export const worker: CommandSpec = {
  usage: 'worker',
  summary: 'do the jobs that wait in a store (--store): memories to learn, rebuilds, sleep',
  options: [
    ['--once', 'end when nothing is left to do (default: wait for more)'],
    ['--lease <seconds>', 'after so long without a sign another worker takes the job (default: 20)'],
    ['--name <name>', 'what this worker is called (default: the machine and the process)'],
  ],
  examples: ['engram worker --store postgres://mara@db.example/engram'],
  notes: [
    'Only jobs of brains that belong to --model are done. Any number of workers may run, on any machines.',
    'Ctrl-C gives the job in hand back to the others.',
  ],
  run: async (job, _words, options) => {
    const leaseSeconds = numberOf(options, 'lease', '--lease');
    const { jobs } = await job.open();
    job.note('Working. Ctrl-C ends it.');
    const report = await jobs.work({
      worker: stringOf(options, 'name') ?? `${hostname()} ${process.pid}`,
      once: options['once'] === true,
      leaseSeconds,
      signal: job.signal,
      onProgress: ({ id }, progress) => {
        const [label, detail] = memorizeStep(progress);
        job.progress.show(`${id.slice(0, 8)} ${label}`, detail);
      },
      onEnd: ({ id, name, kind }, outcome) => {
        const why = outcome.became === 'done' ? '' : `: ${outcome.message}`;
        job.line(`${id}  ${name}  ${kind}  ${outcome.became}${why}`);
      },
      onOthers: (count) => {
        job.progress.clear();
        job.note(
          count === 1
            ? '1 job waits for a worker with another --model.'
            : `${count} jobs wait for workers with another --model.`,
        );
      },
    });
    job.progress.clear();
    const { done, failed, givenBack, lost } = report;
    job.note(`${done} done, ${failed} failed, ${givenBack} given back, ${lost} lost to other workers.`);
    job.value(report);
    return failed > 0 ? 1 : undefined;
  },
};
