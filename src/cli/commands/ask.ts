// `engram ask`: one question, one answer, nothing kept of it.
import { EngramError } from '../../errors.js';
import type { AskOptions } from '../../index.js';
import type { CommandSpec } from '../command.js';
import { attribution } from '../format/index.js';
import { stringOf, textOf } from '../input.js';
import { painter } from '../io.js';
import type { Job } from '../job.js';
import { FORM, formOf, GROUNDING, MORE_SAMPLING, SAMPLING, samplingOf } from '../sampling.js';
import { sourceLines } from '../sources.js';
import { callLines, TOOLS, toolsOf } from '../tools.js';

export const ask: CommandSpec = {
  usage: 'ask [question...]',
  summary: 'answer one question (from the arguments, or stdin)',
  served: true,
  options: [
    ['--adapter <name|path>', 'answer with an adapter (of train, imported, or a GGUF file), in place of the memories'],
    ...GROUNDING,
    ...FORM,
    ...TOOLS,
    ...SAMPLING,
  ],
  groups: MORE_SAMPLING,
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
    const adapter = stringOf(options, 'adapter');
    const engine = await job.openToAnswer();
    await engine.check({ ...sampling, adapter });
    const question = await textOf(job, words, 'question');
    const paint = painter(job.world.stderr, job.world.env);
    const thoughts = thoughtsAside(job, (text) => paint('dim', text));
    const answer = await engine.ask(question, {
      ...sampling,
      adapter,
      signal: job.signal,
      onThinking: thoughts.take,
      onText: (piece) => {
        thoughts.end();
        job.text(piece);
      },
    });
    thoughts.end();
    const calls = callLines(answer.toolCalls ?? []);
    if (calls.length === 0 || answer.answer !== '') job.line();
    for (const call of calls) job.line(call);
    job.value(answer);
    sourceLines(job, answer);
    const from = attribution(answer);
    if (from !== '' && !job.settings.json) {
      job.note(`— ${from}`, (text) => paint('dim', text));
    }
    const isCut = answer.finishReason === 'length' && sampling.jsonSchema !== undefined;
    if (!isCut && answer.cutToolCall === undefined) return undefined;
    const what = isCut ? 'The answer' : 'A call of a tool';
    job.note(`${what} was cut off before its JSON ended: give it more with --max-tokens.`);
    return 1;
  },
};

/** What the model thinks as it comes, and a line break after it. */
function thoughtsAside(job: Job, paint: (text: string) => string): { take: (piece: string) => void; end: () => void } {
  let isOpen = false;
  const take = (piece: string): void => {
    isOpen = true;
    job.aside(piece, paint);
  };
  const end = (): void => {
    if (isOpen) job.aside('\n\n');
    isOpen = false;
  };
  return { take, end };
}

function hasForm({ jsonSchema, grammar }: Partial<AskOptions>): boolean {
  return jsonSchema !== undefined || grammar !== undefined;
}
