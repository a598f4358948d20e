// `engram brain`: brains as files, made anew, checked, moved. Not here: the memories in them (memories.ts).
import type { RebuildProgress } from '../../index.js';
import type { CommandGroup } from '../command.js';
import { confirm } from '../confirm.js';
import { bytes, count, duration, excerpt, memorizeStep, table } from '../format/index.js';
import { stringOf } from '../input.js';
import type { Job } from '../job.js';
import { brainOf } from './memories.js';

export const brain: CommandGroup = {
  usage: 'brain',
  summary: 'brains as a whole: list, check, rebuild, export, import, move, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them, with how much they hold',
      isDefault: true,
      run: async (job) => {
        const found = await (await job.open()).brains.list();
        const rows = found.map(({ name, model, memories, damaged = 0, problem }) => {
          return [name, model ?? '', problem ?? (damaged === 0 ? `${memories}` : `${memories}, ${damaged} damaged`)];
        });
        job.line(rows.length === 0 ? 'There are none.' : table(['brain', 'model', 'memories'], rows));
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'check',
      summary: 'compare every adapter with the ledger; exits with 1 if one is damaged',
      run: async (job) => {
        const { memories } = await brainOf(job);
        const damaged = await memories.check();
        const held = await memories.list();
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
        const { memories } = await brainOf(job);
        const report = await memories.rebuild({
          damagedOnly: options['damaged'] === true,
          signal: job.signal,
          onProgress: training(job),
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
      usage: 'export [file]',
      summary: 'write it into one file: ledger, adapters and index (default: <brain>.engram, here)',
      options: [['--force', 'over a file that is there']],
      examples: ['engram brain export --brain work work.engram'],
      notes: [
        'Ingested documents and kept chats are not in it. The ledger holds the texts of all memories, forgotten ones too.',
      ],
      run: async (job, [file], options) => {
        const { brains } = await brainOf(job);
        const report = await brains.export(file ?? `${job.settings.brain}.engram`, {
          overwrite: options['force'] === true,
          signal: job.signal,
          onProgress: moved(job, 'Writing'),
        });
        job.progress.clear();
        job.line(`${report.path}: ${count(report.memories)} memories, ${bytes(report.bytes)}.`);
        if (report.damaged.length > 0)
          job.note(`Without the adapters of ${report.damaged.join(', ')}, which are damaged.`);
        job.value(report);
        return undefined;
      },
    },
    {
      usage: 'import <file>',
      summary: 'make a brain of such a file; it has to belong to --model, if that is installed',
      options: [['--as <name>', 'its name here (default: the one it had)']],
      examples: ['engram brain import work.engram --as work-copy'],
      run: async (job, [file], options) => {
        const { brains } = await job.open();
        const report = await brains.import(file!, {
          name: stringOf(options, 'as'),
          signal: job.signal,
          onProgress: moved(job, 'Reading'),
        });
        job.progress.clear();
        job.line(`The brain "${report.name}" holds ${count(report.memories)} memories over ${report.model.name}.`);
        if (report.damaged.length > 0) {
          job.note(`Without adapters: ${report.damaged.join(', ')}. Train them: engram brain rebuild --damaged`);
        }
        job.value(report);
        return undefined;
      },
    },
    {
      usage: 'move',
      summary: 'train all its memories on another base model, --model, and bind it to that',
      options: [['--partly', 'even if some do not hold there; they have no adapter then']],
      examples: ['engram brain move --brain work --model ./larger.gguf'],
      notes: ['If it is cut off, the brain is as it was, and the next move to that model goes on.'],
      run: async (job, _words, options) => {
        const { brains } = await brainOf(job);
        const report = await brains.move({
          partly: options['partly'] === true,
          onProgress: training(job),
          signal: job.signal,
        });
        job.progress.clear();
        const { moved: isMoved, from, to, held, failed } = report;
        for (const { id, text, reason } of failed) job.line(`${id}: ${reason} (${excerpt(text)})`);
        const counts = `${held.length} of ${held.length + failed.length} memories hold on ${to.name}`;
        job.line(
          isMoved
            ? `Moved from ${from.name}: ${counts}.`
            : `Not moved: only ${counts}. --partly moves it all the same.`,
        );
        job.value(report);
        return isMoved ? undefined : 1;
      },
    },
    {
      usage: 'rm <name>',
      summary: 'delete one with all it holds',
      options: [['--yes', 'do not ask']],
      run: async (job, [name], options) => {
        const { brains } = await job.open();
        const isThere = job.settings.store === undefined && brains.names().includes(name!);
        if (isThere) await confirm(job, options['yes'] === true, `Delete the brain "${name!}" with its ledger?`);
        await brains.remove(name!);
        job.line(`Removed ${name!}.`);
        job.value({ removed: name });
        return undefined;
      },
    },
  ],
};

/** Progress of one training after the other, with how long the rest will take as far as those that are done tell. */
export function training(job: Job): (progress: RebuildProgress) => void {
  let first: { done: number; at: number } | undefined;
  return ({ memory, done, of, step }) => {
    first ??= { done, at: performance.now() };
    const trained = done - first.done;
    const left = ((performance.now() - first.at) / 1000 / trained) * (of - done);
    const place = `${done + 1} of ${of}${trained === 0 ? '' : `, about ${duration(left)} left`}`;
    const [label, detail] = memorizeStep(step);
    job.progress.show(`${memory.id} (${place})`, `${label} ${detail}`, done / Math.max(1, of));
  };
}

function moved(job: Job, label: string): (progress: { doneBytes: number; totalBytes: number }) => void {
  return ({ doneBytes, totalBytes }) => {
    job.progress.show(label, `${bytes(doneBytes)} of ${bytes(totalBytes)}`, doneBytes / Math.max(1, totalBytes));
  };
}
