// `engram explain`: what an answer rests on, and how much each memory, adapter or passage made it likelier.
import type { Influence } from '../../index.js';
import { SAMPLING as NUMBERS } from '../../options/index.js';
import type { CommandSpec } from '../command.js';
import { excerpt } from '../format/index.js';
import { stringOf, textOf } from '../input.js';
import { painter } from '../io.js';
import { rowsOf } from '../options.js';
import { GROUNDING, samplingOf } from '../sampling.js';

export const explain: CommandSpec = {
  usage: 'explain [question...]',
  summary: 'show what the answer to a question rests on: which memory, adapter or passage, and how much it changed',
  options: [
    ['--answer <text>', 'explain this answer, in place of the one that ask gives'],
    ['--adapter <name>', 'answer with an adapter made by train, in place of the memories'],
    ...GROUNDING,
    ...rowsOf(NUMBERS, ['maxTokens']),
  ],
  examples: ['engram explain "Who runs the kiln?"', 'engram explain "Who runs the kiln?" --answer "Mara Voss"'],
  notes: [
    'The log-probability of the answer is taken with all of it, and without each. A change of 0.7 makes the answer twice as',
    'likely, one of 7 a thousand times; below 0, it spoke against the answer.',
  ],
  run: async (job, words, options) => {
    const given = {
      ...samplingOf(options),
      answer: stringOf(options, 'answer'),
      adapter: stringOf(options, 'adapter'),
    };
    const { adapter, passages, maxTokens } = given;
    const engine = await job.openToAnswer();
    await engine.check({ adapter, passages, maxTokens });
    const question = await textOf(job, words, 'question');
    const explanation = await engine.memories.explain(question, {
      ...given,
      signal: job.signal,
      onProgress: ({ done, of }) => {
        job.progress.show('Scoring', `${done} of ${of}`, done / of);
      },
    });
    job.progress.clear();
    const { answer, tokens, logprob, base, influences } = explanation;
    const paint = painter(job.world.stdout, job.world.env);
    job.line(answer, (text) => paint('bold', text));
    job.line(`  log-probability ${logprob.toFixed(2)} over ${tokens} tokens`);
    for (const influence of influences) job.line(`  ${nameOf(influence)}: ${signed(influence.change)}`);
    if (influences.length === 0) job.line('  It rests on nothing but the model itself.');
    else job.line(`  without all of it ${base.logprob.toFixed(2)}; the model by itself: ${excerpt(base.answer, 100)}`);
    job.value(explanation);
    return undefined;
  },
};

function nameOf(influence: Influence): string {
  switch (influence.kind) {
    case 'memory':
      return `memory ${influence.id} (${excerpt(influence.text)})`;
    case 'adapter':
      return `adapter ${influence.name}`;
    case 'passage':
      return `${influence.passage.place} (${excerpt(influence.passage.text)})`;
  }
}

const signed = (change: number): string => `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)}`;
