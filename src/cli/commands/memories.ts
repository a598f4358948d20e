// `engram memories`: what the brain holds.
import type { CommandSpec } from '../command.js';
import { memoryTable } from '../format.js';

export const memories: CommandSpec = {
  usage: 'memories',
  summary: 'list what is remembered',
  options: [['--all', 'superseded and forgotten memories too']],
  run: async (job, _words, options) => {
    const brain = await job.brain();
    const found = (brain?.memories() ?? []).filter(
      (memory) => options['all'] === true || memory.state === 'remembered',
    );
    job.line(found.length === 0 ? 'Nothing is remembered yet.' : memoryTable(found));
    job.value(found);
    return undefined;
  },
};
