// `engram ask`: one question, one answer, nothing kept of it.
import { GROUNDING, SAMPLING, type CommandSpec } from '../command.js';
import { attribution } from '../format.js';
import { stringOf, textOf } from '../input.js';
import { painter } from '../io.js';
import { sourceLines } from '../sources.js';
import { samplingOf } from '../sampling.js';

export const ask: CommandSpec = {
  usage: 'ask [question...]',
  summary: 'answer one question (from the arguments, or stdin)',
  options: [
    ['--adapter <name>', 'answer with an adapter made by train, in place of the memories'],
    ...GROUNDING,
    ...SAMPLING,
  ],
  examples: ['engram ask "Who wrote Faust?"', 'engram ask --json --brain work < question.txt'],
  run: async (job, words, options) => {
    const sampling = samplingOf(options);
    const question = await textOf(job, words, 'question');
    const engine = await job.open();
    const answer = await engine.ask(question, {
      ...sampling,
      adapter: stringOf(options, 'adapter'),
      signal: job.signal,
      onText: (piece) => {
        job.text(piece);
      },
    });
    job.line();
    job.value(answer);
    sourceLines(job, answer);
    const from = attribution(answer);
    if (from !== '' && !job.settings.json) {
      const paint = painter(job.world.stderr, job.world.env);
      job.note(`— ${from}`, (text) => paint('dim', text));
    }
    return undefined;
  },
};
