// `engram runs`: what became of the runs of train. Not here: going on with one (`train --resume`).
import type { CommandGroup } from '../command.js';
import { runStatus, table } from '../format/index.js';

export const runs: CommandGroup = {
  usage: 'runs',
  summary: 'the runs of train: list, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them, oldest first, and whether train --resume can go on with them',
      isDefault: true,
      run: async (job) => {
        const found = await (await job.open()).adapters.runs();
        const rows = found.map((run) => {
          const { id, model, createdAt } = run.record;
          return [id, runStatus(run), model.name, createdAt.slice(0, 16).replace('T', ' '), run.folder];
        });
        job.line(rows.length === 0 ? 'There are none.' : table(['run', 'state', 'model', 'since', 'folder'], rows));
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'rm <run>',
      summary: 'delete one with its checkpoints; the adapter it made stays',
      run: async (job, [id]) => {
        await (await job.open()).adapters.removeRun(id!);
        job.line(`Removed ${id!}.`);
        job.value({ removed: id });
        return undefined;
      },
    },
  ],
};
