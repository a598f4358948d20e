// How the next token is chosen: the checks and defaults of the sampling settings. Not here: the sampling.
import { EngramError, wrongOption } from '../errors.js';
import { check, fallbackOf, LOGPROBS, SAMPLING, type Option } from '../options/index.js';
import { grammarOfSchema } from './json-schema.js';
import type { NativeSampling } from './native.js';
import { toolsOf } from './tool-use.js';
import type { GenerateOptions } from './types.js';

const FLOAT = 3.4e38;

/** Those that the sampler itself takes. */
type Numbers = Omit<NativeSampling, 'biasTokens' | 'biases' | 'grammar'>;
const NAMES = Object.keys(SAMPLING).filter((name) => name !== 'maxTokens' && name !== 'lookup') as (keyof Numbers)[];

/** Throws `usage` for a setting that cannot be, as an answer with it would. */
export function checkOptions(options: GenerateOptions): void {
  sampling(options, grammarOf(options));
  mostTokens(options);
  likeliest(options);
  toolsOf(options);
}

/** GBNF that an answer is held to, if it is. Throws `usage`. */
export function grammarOf({ grammar, jsonSchema }: GenerateOptions): string | undefined {
  if (jsonSchema === undefined) return grammar;
  if (grammar === undefined) return grammarOfSchema(jsonSchema);
  throw new EngramError('usage', 'An answer has a grammar or a jsonSchema, not both.');
}

/** Most characters of a grammar, and deepest brackets, that llama.cpp is given to read: it does so by recursion. */
const MOST_GRAMMAR = { characters: 2 ** 20, depth: 200 };

/** Throws `usage` for a value that cannot be. `grammar`: GBNF. */
export function sampling(options: GenerateOptions, grammar?: string): NativeSampling {
  const numbers = Object.fromEntries(
    NAMES.map((name) => {
      const option: Option = SAMPLING[name];
      return [name, check(name, option, options[name] ?? option.fallback ?? randomSeed())];
    }),
  ) as unknown as Numbers;
  if (grammar !== undefined) checkGrammar(grammar);
  const bias = biasOf(options.logitBias);
  for (const [, value] of bias) {
    if (Number.isNaN(value) || value > FLOAT) throw wrongOption('logitBias', 'numbers', value);
  }
  return {
    ...numbers,
    biasTokens: Uint32Array.from(bias, ([token]) => token),
    biases: Float32Array.from(bias, ([, value]) => Math.max(value, -FLOAT)),
    ...(grammar === undefined ? {} : { grammar }),
  };
}

function biasOf(given: unknown): [number, number][] {
  if (given === undefined) return [];
  if (!(given instanceof Map)) {
    const received = Array.isArray(given)
      ? 'an array'
      : given === null
        ? 'null'
        : `a value of the type ${typeof given}`;
    throw new EngramError('usage', `Expected a Map of numbers by token for logitBias but received ${received}.`, {
      hint: 'For example new Map([[42, -Infinity]]); engram.tokens(text) tells the numbers of tokens.',
    });
  }
  const bias = [...(given as Map<unknown, unknown>)];
  for (const [token, value] of bias) {
    if (Number.isSafeInteger(token) && (token as number) >= 0 && typeof value === 'number') continue;
    throw new EngramError('usage', `Expected whole tokens and numbers for logitBias but received ${String(token)}.`);
  }
  return bias as [number, number][];
}

function checkGrammar(grammar: string): void {
  const refuse = (why: string) => new EngramError('usage', `The grammar ${why}.`, { hint: 'It must be GBNF.' });
  if (typeof grammar !== 'string' || grammar.trim() === '' || grammar.includes('\0'))
    throw refuse('is empty or no text');
  if (grammar.length > MOST_GRAMMAR.characters) throw refuse(`has more than ${MOST_GRAMMAR.characters} characters`);
  let depth = 0;
  for (const character of grammar) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (depth > MOST_GRAMMAR.depth) throw refuse(`nests brackets more than ${MOST_GRAMMAR.depth} deep`);
  }
}

/** Tokens to generate at most. Throws `usage`. */
export function mostTokens(options: GenerateOptions): number {
  return check('maxTokens', SAMPLING.maxTokens, options.maxTokens ?? fallbackOf(SAMPLING.maxTokens));
}

/** How many likeliest tokens come with each; -1 if no probabilities are wanted. Throws `usage`. */
export function likeliest({ logprobs }: GenerateOptions): number {
  if (logprobs === undefined) return -1;
  return check('logprobs', LOGPROBS, logprobs);
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
