// `engram recall`: what the brain holds about something, memories and passages together, without an answer.
import type { CommandSpec } from '../command.js';
import { excerpt } from '../format/index.js';
import { numberOf, textOf } from '../input.js';
import { painter } from '../io.js';

export const recall: CommandSpec = {
  usage: 'recall [question...]',
  summary: 'show what memories and documents hold about something, without answering',
  options: [['--k <number>', 'how many (default: 8)']],
  examples: ['engram recall "the kiln"'],
  notes: [
    'Relevance is the mean of closeness in meaning and of the share of the words of the question, from about 0 to 1. The list has',
    'the nearest there is, however far: ask rests on passages from 0.4 on, and on the memory that its gate chooses.',
  ],
  run: async (job, words, options) => {
    const k = numberOf(options, 'k', '--k');
    const question = await textOf(job, words, 'question');
    const engine = await job.open();
    job.remarkOnBrain(engine);
    const found = await engine.memories.recall(question, { k, signal: job.signal });
    job.progress.clear();
    const paint = painter(job.world.stdout, job.world.env);
    if (found.length === 0) job.line('Nothing found.');
    found.forEach((item, i) => {
      if (i > 0) job.line();
      const from = item.kind === 'memory' ? `memory ${item.memory.id}` : item.passage.place;
      job.line(`${i + 1}. ${from}, relevance ${item.relevance.toFixed(2)}`, (text) => paint('bold', text));
      job.line(excerpt(item.kind === 'memory' ? item.memory.text : item.passage.text, 400));
    });
    job.value({ question, found });
    return undefined;
  },
};
