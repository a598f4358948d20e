// `engram memories`: what the brain holds and how it came to be so, and taking the last change back. Not here: forgetting.
import { EngramError } from '../../errors.js';
import type { CommandGroup } from '../command.js';
import { excerpt, historyTable, memorizeStep, memoryTable, receiptLines } from '../format.js';
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
        const brain = await job.brain();
        const found = (brain?.memories() ?? []).filter(
          (memory) => options['all'] === true || memory.state === 'remembered',
        );
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
        const memory = (await brainOf(job)).find(words.join(' '), { anyState: true });
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
        const brain = await brainOf(job);
        const id = words.length === 0 ? undefined : idOf(brain, words.join(' '));
        const events = brain.history(id);
        job.line(historyTable(events, (memory) => brain.get(memory)?.text ?? ''));
        job.value(events);
        return undefined;
      },
    },
    {
      usage: 'undo [id-or-text...]',
      summary: 'take the last change back (again: the one before), or the last one about a memory',
      notes: ['What comes back is trained again from the ledger. Naming a memory takes back an undoing too.'],
      run: async (job, words) => {
        await brainOf(job);
        const engine = await job.open();
        const named = words.length === 0 ? undefined : words.join(' ');
        const undone = await engine.undo(named, {
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

type OpenBrain = NonNullable<Awaited<ReturnType<Job['brain']>>>;

export async function brainOf(job: Job): Promise<OpenBrain> {
  const brain = await job.brain();
  if (brain !== undefined) return brain;
  throw new EngramError('not_found', 'Nothing has been memorized yet.', {
    hint: `The brain is "${job.settings.brain}".`,
  });
}

/** An id is taken as it is: attempts that were rolled back have a history and are no memories. */
function idOf(brain: OpenBrain, named: string): string {
  return /^m-[0-9a-f]+$/.test(named) ? named : brain.find(named, { anyState: true }).id;
}
