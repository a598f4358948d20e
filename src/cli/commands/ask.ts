// `engram ask`: one question, one answer, nothing kept of it.
import { EngramError } from '../../errors.js';
import type { AskOptions } from '../../index.js';
import { GROUNDING, type CommandSpec } from '../command.js';
import { attribution } from '../format.js';
import { stringOf, textOf } from '../input.js';
import { painter } from '../io.js';
import { FORM, formOf, MORE_SAMPLING, SAMPLING, SAMPLING_NAMES, samplingOf } from '../sampling.js';
import { sourceLines } from '../sources.js';
import { callLines, TOOLS, toolsOf } from '../tools.js';

export const ask: CommandSpec = {
  usage: 'ask [question...]',
  summary: 'answer one question (from the arguments, or stdin)',
  options: [
    ['--adapter <name>', 'answer with an adapter made by train, in place of the memories'],
    ...GROUNDING,
    ...FORM,
    ...TOOLS,
    ...SAMPLING,
  ],
  groups: [MORE_SAMPLING],
  apiNames: SAMPLING_NAMES,
  examples: [
    'engram ask "Who wrote Faust?"',
    'engram ask --tools tools.json --tool-choice required --json "What is the weather in Lindau?"',
    'engram ask --json --brain work < question.txt',
    `engram ask --schema '{"type": "object", "properties": {"author": {"type": "string"}}, "required": ["author"]}' "Who wrote Faust?"`,
  ],
  run: async (job, words, options) => {
    const sampling = { ...samplingOf(options), ...(await formOf(options)), ...(await toolsOf(options)) };
    if (hasForm(sampling) && sampling.tools !== undefined && sampling.toolChoice !== 'none') {
      throw new EngramError('usage', 'Give --tools or a form of the answer (--schema, --grammar), not both.', {
        hint: 'With --tool-choice none the model knows of the tools and answers in the form.',
      });
    }
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
    const calls = callLines(answer.toolCalls ?? []);
    if (calls.length === 0 || answer.answer !== '') job.line();
    for (const call of calls) job.line(call);
    job.value(answer);
    sourceLines(job, answer);
    const from = attribution(answer);
    if (from !== '' && !job.settings.json) {
      const paint = painter(job.world.stderr, job.world.env);
      job.note(`— ${from}`, (text) => paint('dim', text));
    }
    const isCut = answer.finishReason === 'length' && sampling.jsonSchema !== undefined;
    if (!isCut && answer.cutToolCall === undefined) return undefined;
    const what = isCut ? 'The answer' : 'A call of a tool';
    job.note(`${what} was cut off before its JSON ended: give it more with --max-tokens.`);
    return 1;
  },
};

function hasForm({ jsonSchema, grammar }: Partial<AskOptions>): boolean {
  return jsonSchema !== undefined || grammar !== undefined;
}
