// `engram tokens`: what a text is to the model.
import type { CommandSpec } from '../command.js';
import { count } from '../format/index.js';
import { textOf } from '../input.js';

export const tokens: CommandSpec = {
  usage: 'tokens [text...]',
  summary: 'count the tokens of a text (from the arguments, or stdin), and show them',
  options: [['--count', 'only their number']],
  examples: ['engram tokens "How long is this?"', 'engram tokens --count < book.txt'],
  run: async (job, words, options) => {
    const text = await textOf(job, words, 'text');
    const engine = await job.open({ compute: 'llama' });
    const all = await engine.tokens(text);
    if (options['count'] === true) job.line(String(all.length));
    else {
      for (const token of all) job.line(`${String(token.id).padStart(7)}  ${JSON.stringify(token.text)}`);
      job.line(`${count(all.length)} tokens`);
    }
    job.value(options['count'] === true ? { count: all.length } : { count: all.length, tokens: all });
    return undefined;
  },
};
