// `engram doctor`: what is installed, what would be used, and what is wrong. Exits with 1 if something is.
import type { CommandSpec } from '../command.js';
import { describe } from '../format/index.js';
import { painter } from '../io.js';

export const doctor: CommandSpec = {
  usage: 'doctor',
  summary: 'check the installation: CPU, native parts, models, a measured peak',
  run: async (job) => {
    const { doctor: examine } = await job.api();
    const { home, model, embedder, brain, threads, contextSize, gpu, offline } = job.settings;
    job.progress.show('Looking');
    const report = await examine({
      ...{ home, model, embedder, brain, threads, contextSize, gpu, offline },
      signal: job.signal,
    });
    const { problems, ...facts } = report;
    const paint = painter(job.world.stdout, job.world.env);
    job.line(describe(facts));
    for (const { message, hint } of problems) {
      job.line(`✗ ${message}`, (text) => paint('red', text));
      if (hint !== undefined) job.line(`  ${hint}`);
    }
    if (problems.length === 0) job.line('✓ Nothing is wrong.', (text) => paint('green', text));
    job.value(report);
    return problems.length > 0 ? 1 : undefined;
  },
};
