// How the next token is chosen: the checks and defaults of the sampling settings. Not here: the sampling.
import { EngramError } from '../errors.js';
import { grammarOfSchema } from './json-schema.js';
import type { NativeSampling } from './native.js';
import { toolsOf } from './tool-use.js';
import type { GenerateOptions } from './types.js';

type Numbers = Omit<NativeSampling, 'biasTokens' | 'biases' | 'grammar'>;

const FLOAT = 3.4e38;
const INT = 2 ** 31 - 1;

/** Default, least and most of each setting. */
const SETTINGS: Readonly<Record<keyof Numbers, readonly [number, number, number]>> = {
  temperature: [0, 0, FLOAT],
  topK: [40, 0, INT],
  topP: [0.95, 0, 1],
  minP: [0.05, 0, 1],
  typicalP: [1, 0, 1],
  xtcProbability: [0, 0, 1],
  xtcThreshold: [0.1, 0, 1],
  mirostatTau: [0, 0, FLOAT],
  mirostatEta: [0.1, 0, FLOAT],
  repeatPenalty: [1, 1e-6, FLOAT],
  frequencyPenalty: [0, -FLOAT, FLOAT],
  presencePenalty: [0, -FLOAT, FLOAT],
  penaltyTokens: [64, -1, INT],
  dryMultiplier: [0, 0, FLOAT],
  dryBase: [1.75, 1, FLOAT],
  dryAllowedLength: [2, 0, INT],
  seed: [0, 0, 2 ** 32 - 1],
};
const WHOLE: ReadonlySet<string> = new Set<keyof Numbers>(['topK', 'penaltyTokens', 'dryAllowedLength', 'seed']);

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
    Object.entries(SETTINGS).map(([name, [standard, least, most]]) => {
      const value = options[name as keyof Numbers] ?? (name === 'seed' ? randomSeed() : standard);
      check(name, value, least, most);
      return [name, WHOLE.has(name) ? Math.floor(value) : value];
    }),
  ) as unknown as Numbers;
  if (grammar !== undefined) checkGrammar(grammar);
  const bias = biasOf(options.logitBias);
  for (const [, value] of bias) check('logitBias', value === -Infinity ? -FLOAT : value, -FLOAT, FLOAT);
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
  const { maxTokens = 512 } = options;
  if (maxTokens !== Number.POSITIVE_INFINITY) check('maxTokens', maxTokens, 0, Number.MAX_SAFE_INTEGER);
  return Math.floor(maxTokens);
}

/** How many likeliest tokens come with each; -1 if no probabilities are wanted. Throws `usage`. */
export function likeliest({ logprobs }: GenerateOptions): number {
  if (logprobs === undefined) return -1;
  check('logprobs', logprobs, 0, 1000);
  return Math.floor(logprobs);
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  const isOpen = most === FLOAT || most === INT || most === Number.MAX_SAFE_INTEGER;
  const range = isOpen ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new EngramError('usage', `Expected a number ${range} for ${name} but received ${value}.`);
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
