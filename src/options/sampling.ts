// How an answer is drawn: every number of it, for the API, the command line, LangChain and a server. Not here: what form an answer
// has (grammars, schemas, tools), and the sampling itself (inference/).
import { z } from 'zod';
import { choice, number, share, whole, yes } from './kinds.js';
import { table, type Given, type Kind } from './option.js';

const INT = 2 ** 31 - 1;

const tokens = {
  type: z.union([z.int().min(0), z.literal(Number.POSITIVE_INFINITY)]),
  expects: 'a whole number of at least 0',
  value: '<number>',
  fromText: whole(0).fromText,
} satisfies Kind;

const MORE = 'More sampling';

export const SAMPLING = table({
  /** Infinity: as many as the context has room for. */
  maxTokens: { ...tokens, about: 'most tokens to answer with', fallback: 512 },
  temperature: { ...number(0), about: '0 always gives the same answer', fallback: 0 },
  topK: {
    ...whole(0, INT),
    about: 'draw from the k likeliest tokens only; 0: all',
    fallback: 40,
  },
  topP: { ...share(), about: 'draw from the likeliest that together have this probability', fallback: 0.95 },
  minP: { ...share(), about: "draw from those with this share of the likeliest one's probability", fallback: 0.05 },
  seed: { ...whole(0, 2 ** 32 - 1), about: 'seed of the draw, for temperatures above 0', fallbackText: 'random' },
  /** Prompt lookup. It changes the last bits of probabilities. */
  lookup: {
    ...yes(),
    about: 'guess what follows from where the same words stood before: faster where an answer repeats its prompt',
    fallback: false,
  },
  repeatPenalty: {
    ...number(1e-6),
    about: 'divides the logit of what was said before; 1: off',
    fallback: 1,
    group: MORE,
  },
  frequencyPenalty: { ...number(), about: 'taken from it for each time it was said', fallback: 0, group: MORE },
  presencePenalty: { ...number(), about: 'taken from it once if it was said', fallback: 0, group: MORE },
  penaltyTokens: {
    ...whole(-1, INT),
    about: 'how many last tokens the penalties see; -1: all',
    fallback: 64,
    group: MORE,
  },
  dryMultiplier: {
    ...number(0),
    about: 'against repeating whole phrases; 0: off',
    fallback: 0,
    flag: '--dry',
    group: MORE,
  },
  dryBase: { ...number(1), about: 'how fast that grows with the length of the phrase', fallback: 1.75, group: MORE },
  dryAllowedLength: {
    ...whole(0, INT),
    about: 'phrases of so many tokens may be repeated',
    fallback: 2,
    group: MORE,
  },
  typicalP: { ...share(), about: 'locally typical sampling; 1: off', fallback: 1, group: MORE },
  xtcProbability: {
    ...share(),
    about: 'how often the likeliest are left out, but for one; 0: never',
    fallback: 0,
    flag: '--xtc',
    group: MORE,
  },
  xtcThreshold: { ...share(), about: 'from which probability on', fallback: 0.1, group: MORE },
  /** Nats. */
  mirostatTau: {
    ...number(0),
    about: 'aims at this surprise in place of the cuts above (Mirostat 2); 0: off',
    fallback: 0,
    flag: '--mirostat',
    group: MORE,
  },
  mirostatEta: { ...number(0), about: 'its rate', fallback: 0.1, group: MORE },
});

/** What an answer may rest on, beside the model. */
export const GROUNDING = table({
  /** More make a small model lose the one that counts (docs/retrieval.md). */
  passages: {
    ...number(0, 20),
    about: 'most passages of ingested documents to answer from, 0 for none',
    fallback: 3,
  },
  /** Never with tools, a grammar or a schema. */
  unknown: {
    ...choice(['say', 'answer']),
    about:
      'a question about your own things that nothing remembered or ingested answers: say so, or have the model answer',
    fallback: 'say',
  },
  /** The answer after these has no calls. */
  maxToolRounds: {
    ...whole(0, 100),
    about: 'answers in a row whose calls of tools are run',
    fallback: 8,
  },
});

export type Grounding = Given<typeof GROUNDING>;

/** Of the tokens of an answer; 0: their own only. */
export const LOGPROBS = whole(0, 1000);

export type SamplingName = keyof typeof SAMPLING;

export type Sampling = Given<typeof SAMPLING>;
