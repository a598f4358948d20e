// `engram forget`: takes one memory back.
import { EngramError } from '../../errors.js';
import type { CommandSpec } from '../command.js';
import { excerpt } from '../format.js';
import { textOf } from '../input.js';

export const forget: CommandSpec = {
  usage: 'forget [id-or-text...]',
  summary: 'take a memory back, named by its id or (a part of) its text',
  examples: ['engram forget m-3f9a2c', 'engram forget "Blue Heron"'],
  run: async (job, words) => {
    const named = await textOf(job, words, 'id or text');
    const brain = await job.brain();
    if (brain === undefined) throw new EngramError('not_found', 'Nothing has been memorized yet.');
    const memory = await brain.forget(named);
    job.line(`Forgotten: ${memory.id} (${excerpt(memory.text)})`);
    job.value(memory);
    return undefined;
  },
};
