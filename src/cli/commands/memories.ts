// `engram memories`: what the brain holds and how it came to be so, and taking the last change back. Not here: forgetting.
import { EngramError } from '../../errors.js';
import type { Engine } from '../api.js';
import type { CommandGroup } from '../command.js';
import { excerpt, historyTable, memorizeStep, memoryTable, receiptLines } from '../format/index.js';
import type { Job } from '../job.js';

export const memories: CommandGroup = {
  usage: 'memories',
  summary: 'what is remembered: list, show, history, undo',
  commands: [
    {
      usage: 'list',
      summary: 'list it',
      isDefault: true,
      options: [['--all', 'superseded and forgotten memories too']],
      run: async (job, _words, options) => {
        const engine = await job.open();
        job.remarkOnBrain(engine);
        await job.remarkOnStore(engine);
        const found = await engine.memories.list({ all: options['all'] === true });
        job.line(found.length === 0 ? 'Nothing is remembered yet.' : memoryTable(found));
        if (found.some(({ damaged }) => damaged !== undefined)) {
          job.note('To train what is damaged again: engram brain rebuild --damaged');
        }
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'show <id-or-text...>',
      summary: 'one memory: its text, state and receipt',
      run: async (job, words) => {
        const memory = await (await brainOf(job)).memories.get(words.join(' '));
        const { id, text, createdAt, state, supersededBy, damaged, receipt } = memory;
        const now = supersededBy === undefined ? state : `${state} by ${supersededBy}`;
        job.line(
          `${id}  ${now}${damaged === undefined ? '' : `, adapter ${damaged}`}  since ${createdAt.slice(0, 16)}`,
        );
        job.line(text);
        if (receipt !== undefined) job.line(receiptLines(receipt, true));
        job.value(memory);
        return undefined;
      },
    },
    {
      usage: 'history [id-or-text...]',
      summary: 'what happened to a memory, or to all, oldest first',
      run: async (job, words) => {
        const { memories: held } = await brainOf(job);
        const events = await held.history(words.length === 0 ? undefined : words.join(' '));
        const texts = new Map((await held.list({ all: true })).map(({ id, text }) => [id, text]));
        job.line(historyTable(events, (memory) => texts.get(memory) ?? ''));
        job.value(events);
        return undefined;
      },
    },
    {
      usage: 'undo [id-or-text...]',
      summary: 'take the last change back (again: the one before), or the last one about a memory',
      served: true,
      notes: ['What comes back is trained again from the ledger. Naming a memory takes back an undoing too.'],
      run: async (job, words) => {
        const engine = await brainOf(job);
        const named = words.length === 0 ? undefined : words.join(' ');
        const undone = await engine.memories.undo(named, {
          signal: job.signal,
          onProgress: (progress) => {
            job.progress.show(...memorizeStep(progress));
          },
        });
        for (const { memory, receipt } of undone) {
          const now = memory.state === 'remembered' ? 'remembered again' : memory.state;
          job.line(`${memory.id} is ${now}: ${excerpt(memory.text)}`);
          if (receipt !== undefined) job.line(receiptLines(receipt, job.settings.verbose));
        }
        job.value(undone);
        return undefined;
      },
    },
  ],
};

/** What is open, over a brain that is there. */
export async function brainOf(job: Job): Promise<Engine> {
  const engine = await job.open();
  job.remarkOnBrain(engine);
  await job.remarkOnStore(engine);
  // What a store has only the store knows.
  if (job.settings.store !== undefined || engine.brains.names().includes(job.settings.brain)) return engine;
  throw new EngramError('not_found', 'Nothing has been memorized yet.', {
    hint: `The brain is "${job.settings.brain}".`,
  });
}
