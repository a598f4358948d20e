// The options of how an answer is drawn and what form it has, shared by the commands that answer. Not here: their ranges and
// meaning, which the API checks and has.
import { EngramError } from '../errors.js';
import type { AskOptions } from '../index.js';
import type { CommandSpec, Options } from './command.js';
import { nameOf } from './flags.js';
import { choiceOf, listOf, numberOf, stringOf, textOfFile } from './input.js';

type Numbers = { [K in keyof AskOptions]-?: AskOptions[K] extends number | undefined ? K : never }[keyof AskOptions];
type Row = readonly [name: Numbers, flag: string, value: string, description: string];

const USUAL: readonly Row[] = [
  ['maxTokens', '--max-tokens', 'number', 'most tokens to answer with (default: 512)'],
  ['temperature', '--temperature', 'number', '0 always gives the same answer (default: 0)'],
  ['topK', '--top-k', 'number', 'draw from the k likeliest tokens only (default: 40; 0: all)'],
  ['topP', '--top-p', 'share', 'draw from the likeliest that together have this probability (default: 0.95)'],
  ['minP', '--min-p', 'share', "draw from those with this share of the likeliest one's probability (default: 0.05)"],
  ['seed', '--seed', 'number', 'seed of the draw, for temperatures above 0'],
];
const MORE: readonly Row[] = [
  ['repeatPenalty', '--repeat-penalty', 'number', 'divides the logit of what was said before (default: 1, off)'],
  ['frequencyPenalty', '--frequency-penalty', 'number', 'taken from it for each time it was said (default: 0)'],
  ['presencePenalty', '--presence-penalty', 'number', 'taken from it once if it was said (default: 0)'],
  ['penaltyTokens', '--penalty-tokens', 'number', 'how many last tokens the penalties see (default: 64; -1: all)'],
  ['dryMultiplier', '--dry', 'number', 'against repeating whole phrases (default: 0, off)'],
  ['typicalP', '--typical-p', 'share', 'locally typical sampling (default: 1, off)'],
  ['xtcProbability', '--xtc', 'share', 'how often the likeliest are left out (default: 0, never)'],
  ['xtcThreshold', '--xtc-threshold', 'share', 'from which probability on (default: 0.1)'],
  ['mirostatTau', '--mirostat', 'number', 'aims at this surprise in place of the cuts above (default: 0, off)'],
  ['mirostatEta', '--mirostat-eta', 'number', 'its rate (default: 0.1)'],
];
const flagsOf = (rows: readonly Row[]): NonNullable<CommandSpec['options']> =>
  rows.map(([, flag, value, description]) => [`${flag} <${value}>`, description] as const);

/** How an answer is drawn: shared by ask and chat. */
export const SAMPLING: NonNullable<CommandSpec['options']> = [
  ...flagsOf(USUAL),
  ['--thinking', 'have the model think first, where its template knows how; its thoughts go to stderr'],
  ['--stop <text>...', 'end the answer before this text (may be given several times)'],
  ['--lookup', 'guess what follows from where the same words stood before: faster where an answer repeats its prompt'],
];
export const MORE_SAMPLING: NonNullable<CommandSpec['groups']>[number] = ['More sampling', flagsOf(MORE)];

/** Flags by the API's names. */
export const SAMPLING_NAMES: NonNullable<CommandSpec['apiNames']> = Object.fromEntries(
  [...USUAL, ...MORE].map(([name, flag]) => [name, flag]),
);

/** What form an answer has. */
export const FORM: NonNullable<CommandSpec['options']> = [
  ['--schema <file|json>', 'the answer is JSON of this schema'],
  ['--grammar <file>', 'the answer is a text of this GBNF grammar'],
  ['--logprobs <number>', 'with --json: log-probabilities of the tokens, and of so many likeliest'],
];

export function samplingOf(options: Options): Partial<AskOptions> {
  const numbers = [...USUAL, ...MORE].map(([name, flag]) => [name, numberOf(options, nameOf(flag), flag)] as const);
  const unknown = choiceOf(options, 'unknown', '--unknown', ['say', 'answer']);
  return {
    ...(Object.fromEntries(numbers) as Pick<AskOptions, Numbers>),
    ...(unknown === undefined ? {} : { unknown }),
    passages: numberOf(options, 'passages', '--passages'),
    stop: listOf(options, 'stop'),
    lookup: options['lookup'] === true ? true : undefined,
    thinking: options['thinking'] === true ? true : undefined,
  };
}

/** Throws `usage`, and what reading a file throws. */
export async function formOf(options: Options): Promise<Partial<AskOptions>> {
  const [schema, grammar] = [stringOf(options, 'schema'), stringOf(options, 'grammar')];
  if (schema !== undefined && grammar !== undefined) {
    throw new EngramError('usage', 'Give --schema or --grammar, not both.');
  }
  return {
    jsonSchema: schema === undefined ? undefined : await schemaOf(schema),
    grammar: grammar === undefined ? undefined : await textOfFile(grammar, 'grammar'),
    logprobs: numberOf(options, 'logprobs', '--logprobs'),
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
