// `engram brain`: brains as files, made anew, checked, moved. Not here: the memories in them (memories.ts).
import type { CommandGroup } from '../command.js';
import { confirm } from '../confirm.js';
import { excerpt, memorizeStep, table } from '../format.js';
import { brainOf } from './memories.js';

export const brain: CommandGroup = {
  usage: 'brain',
  summary: 'brains as a whole: list, check, rebuild, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them, with how much they hold',
      run: async (job) => {
        const { listBrains, openBrain } = await job.api();
        const { home } = job.settings;
        const found: { name: string; model?: string; memories?: number; problem?: string }[] = [];
        for (const name of listBrains(home)) {
          try {
            const open = await openBrain({ home, name });
            const held = open.memories().filter(({ state }) => state === 'remembered').length;
            found.push({ name, model: open.model.name, memories: held });
            open.close();
          } catch (error) {
            found.push({ name, problem: error instanceof Error ? error.message : String(error) });
          }
        }
        const rows = found.map(({ name, model, memories, problem }) => [name, model ?? '', problem ?? `${memories}`]);
        job.line(rows.length === 0 ? 'There are none.' : table(['brain', 'model', 'memories'], rows));
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'check',
      summary: 'compare every adapter with the ledger; exits with 1 if one is damaged',
      run: async (job) => {
        const open = await brainOf(job);
        const damaged = await open.check();
        const held = open.memories().filter(({ state }) => state === 'remembered');
        for (const memory of damaged) job.line(`${memory.id}  adapter ${memory.damaged!}  ${excerpt(memory.text)}`);
        job.line(`${held.length - damaged.length} of ${held.length} memories are whole.`);
        if (damaged.length > 0) job.line('To train the others again: engram brain rebuild --damaged');
        job.value({ brain: job.settings.brain, memories: held.length, damaged });
        return damaged.length > 0 ? 1 : undefined;
      },
    },
    {
      usage: 'rebuild',
      summary: 'make adapters and index anew from the ledger; goes on where an earlier one was cut off',
      options: [['--damaged', 'only what is damaged']],
      run: async (job, _words, options) => {
        await brainOf(job);
        const engine = await job.open();
        const report = await engine.rebuild({
          damagedOnly: options['damaged'] === true,
          signal: job.signal,
          onProgress: ({ memory, done, of, step }) => {
            const [label, detail] = memorizeStep(step);
            job.progress.show(`${memory.id} (${done + 1} of ${of})`, `${label} ${detail}`, done / Math.max(1, of));
          },
        });
        job.progress.clear();
        const { same, renewed, kept, failed, resumed } = report;
        const before = resumed === 0 ? '' : `${resumed} done before, `;
        job.line(
          `${before}${same.length} the same, ${renewed.length} renewed, ${kept.length} kept, ${failed.length} lost.`,
        );
        for (const { id, reason } of [...kept, ...failed]) job.line(`${id}: ${reason}`);
        job.value(report);
        return failed.length > 0 ? 1 : undefined;
      },
    },
    {
      usage: 'rm <name>',
      summary: 'delete one with all it holds',
      options: [['--yes', 'do not ask']],
      run: async (job, [name], options) => {
        await confirm(job, options['yes'] === true, `Delete the brain "${name!}" with its ledger?`);
        const { removeBrain } = await job.api();
        const removed = await removeBrain({ home: job.settings.home, name: name! });
        job.line(removed ? `Removed ${name!}.` : `There is no brain "${name!}".`);
        job.value({ removed: removed ? name : null });
        return removed ? undefined : 1;
      },
    },
  ],
};
