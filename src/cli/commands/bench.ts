// `engram bench`: the benchmarks of scripts/bench, which parse their own command line, in a process of their own. Not here: what
// they measure.
import type { CommandSpec } from '../command.js';

const PROGRAM = new URL('../../../scripts/bench/main.mjs', import.meta.url);

export const bench: CommandSpec = {
  usage: 'bench [words...]',
  summary: 'measure memory, retrieval, embedding, generation, training (bench --help lists what there is)',
  passesOn: true,
  examples: [
    'engram bench memory --data zsre.jsonl --kind zsre --count 20 --strategy weights',
    'engram bench retrieval --data beir/scifact --no-peers',
    'engram bench memory --help',
  ],
  notes: [
    'ENGRAM_HOME says where models are. What peers need is fetched on first use, into a cache folder of its own.',
  ],
  run: async (job, words) => job.world.launch(PROGRAM, words, job.signal),
};
