// The options of how an answer is drawn, what it rests on and what form it has, shared by the commands that answer. Not here: their
// ranges, defaults and meaning (options/sampling.ts).
import { EngramError } from '../errors.js';
import type { AskOptions } from '../index.js';
import { GROUNDING as GROUNDS, LOGPROBS, read, SAMPLING as NUMBERS } from '../options/index.js';
import type { CommandSpec, Options } from './command.js';
import { choiceOf, listOf, stringOf, textOfFile } from './input.js';
import { groupsOf, rowsOf, ungrouped, valuesOf } from './options.js';

type Rows = NonNullable<CommandSpec['options']>;

/** How an answer is drawn. */
export const SAMPLING: Rows = [
  ...rowsOf(NUMBERS, ungrouped(NUMBERS)),
  ['--thinking', 'have the model think first, where its template knows how; its thoughts go to stderr'],
  ['--stop <text>...', 'end the answer before this text (may be given several times)'],
];
export const MORE_SAMPLING: NonNullable<CommandSpec['groups']> = groupsOf(NUMBERS);

/** What an answer may rest on. */
export const GROUNDING: Rows = rowsOf(GROUNDS, ['passages', 'unknown']);

/** What becomes of a long conversation. */
export const OVERFLOW: Rows = [
  [
    '--overflow <shift|summarize>',
    'what becomes of the oldest turns when the context is full: left out, or summarized by the model (default: shift)',
  ],
];

/** What form an answer has. */
export const FORM: Rows = [
  ['--schema <file|json>', 'the answer is JSON of this schema'],
  ['--grammar <file>', 'the answer is a text of this GBNF grammar'],
  ['--logprobs <number>', 'with --json: log-probabilities of the tokens, and of so many likeliest'],
];

export function samplingOf(options: Options): Partial<AskOptions> {
  const overflow = choiceOf(options, 'overflow', '--overflow', ['shift', 'summarize']);
  const stop = listOf(options, 'stop');
  return {
    ...valuesOf(NUMBERS, options),
    ...valuesOf(GROUNDS, options, ['passages', 'unknown']),
    ...(stop === undefined ? {} : { stop }),
    ...(overflow === undefined ? {} : { overflow }),
    ...(options['thinking'] === true ? { thinking: true } : {}),
  };
}

/** Throws `usage`, and what reading a file throws. */
export async function formOf(options: Options): Promise<Partial<AskOptions>> {
  const [schema, grammar] = [stringOf(options, 'schema'), stringOf(options, 'grammar')];
  if (schema !== undefined && grammar !== undefined) {
    throw new EngramError('usage', 'Give --schema or --grammar, not both.');
  }
  const logprobs = stringOf(options, 'logprobs');
  return {
    jsonSchema: schema === undefined ? undefined : await schemaOf(schema),
    grammar: grammar === undefined ? undefined : await textOfFile(grammar, 'grammar'),
    logprobs: logprobs === undefined ? undefined : read('logprobs', LOGPROBS, logprobs, '--logprobs'),
  };
}

/** What begins with a brace is JSON, all else the name of a file with it. */
async function schemaOf(given: string): Promise<object> {
  const text = given.trimStart().startsWith('{') ? given : await textOfFile(given, 'schema');
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    throw new EngramError('usage', `The schema is no JSON: ${(error as Error).message}`, { cause: error });
  }
}
