// `engram complete`: goes on with a text as it stands, by the model alone or a named adapter. Not here: conversations (ask, chat),
// and what is remembered, which answers questions only.
import type { CommandSpec } from '../command.js';
import { rawTextOf, stringOf } from '../input.js';
import { FORM, formOf, MORE_SAMPLING, SAMPLING, samplingOf } from '../sampling.js';

export const complete: CommandSpec = {
  usage: 'complete [text...]',
  summary: 'go on with a text (from the arguments, or stdin) as it stands, without a chat template',
  options: [
    ['--adapter <name|path>', 'with an adapter: one made by train or imported, or a GGUF file'],
    ['--echo', 'print the text before what follows it'],
    ...FORM,
    ...SAMPLING.filter(([flags]) => flags !== '--thinking'),
  ],
  groups: MORE_SAMPLING,
  examples: [
    'engram complete "Once upon a time"',
    'engram complete --model ./gemma-3-270m.gguf --max-tokens 40 --stop . "The capital of France is"',
    'head -c 2000 story.txt | engram complete --adapter tales >> story.txt',
  ],
  notes: [
    'Works with every model, base models too. The text is taken as it is, spaces and line breaks included; of stdin one',
    'line break at its end is left out.',
  ],
  run: async (job, words, options) => {
    const sampling = { ...samplingOf(options), ...(await formOf(options)) };
    const adapter = stringOf(options, 'adapter');
    const engine = await job.open();
    await engine.check({ ...sampling, adapter }, { raw: true });
    const text = await rawTextOf(job, words, 'text');
    if (options['echo'] === true) job.text(text);
    const result = await engine.complete(text, {
      ...sampling,
      adapter,
      signal: job.signal,
      onText: (piece) => {
        job.text(piece);
      },
    });
    job.line();
    job.value(result);
    return undefined;
  },
};
