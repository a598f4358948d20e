// The fields of OpenAI's requests that say how to generate, with their ranges, as engram's options. Not here: messages.
import { z } from 'zod';
import type { AskOptions } from '../../index.js';
import { invalid } from '../errors.js';
import { LIMITS } from '../limits.js';
import { listOf, whole } from '../schema.js';

const STOP = z.string().min(1).max(LIMITS.stopLength);

export const SAMPLING = z.looseObject({
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: whole(0, 1_000_000).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repeat_penalty: z.number().gt(0).max(10).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).optional(),
  stop: z.union([STOP, listOf(STOP, LIMITS.stops)]).optional(),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)).optional(),
  n: whole(1, LIMITS.choices).optional(),
  stream: z.boolean().optional(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).optional(),
});

/** What engram adds to a request: as AskOptions. */
export const ENGRAM = z.looseObject({
  memories: z.boolean().optional(),
  memory: z.string().max(64).optional(),
  passages: whole(0, 20).optional(),
  about: z.string().max(10_000).optional(),
  unknown: z.enum(['say', 'answer']).optional(),
  overflow: z.enum(['refuse', 'shift', 'summarize']).optional(),
});

export function toSampling(body: z.infer<typeof SAMPLING>): AskOptions {
  const { temperature, top_p, top_k, min_p, repeat_penalty, frequency_penalty, presence_penalty, seed, stop } = body;
  return {
    ...{ temperature, topP: top_p, topK: top_k, minP: min_p, repeatPenalty: repeat_penalty },
    ...{ frequencyPenalty: frequency_penalty, presencePenalty: presence_penalty },
    // llama.cpp's are of 32 bits.
    seed: seed === undefined ? undefined : ((seed % 2 ** 32) + 2 ** 32) % 2 ** 32,
    stop: typeof stop === 'string' ? [stop] : stop,
    logitBias: biasOf(body.logit_bias),
  };
}

/** As OpenAI has it, -100 forbids a token. */
function biasOf(given: Readonly<Record<string, number>> | undefined): Map<number, number> | undefined {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return undefined;
  if (entries.length > LIMITS.logitBias)
    throw invalid(`At most ${LIMITS.logitBias} tokens may be biased.`, 'logit_bias');
  return new Map(
    entries.map(([token, bias]) => {
      if (!/^\d{1,9}$/.test(token))
        throw invalid(`Expected the number of a token but received ${JSON.stringify(token)}.`, 'logit_bias');
      return [Number(token), bias <= -100 ? -Infinity : bias];
    }),
  );
}

/** Throws 400 for a schema that is larger or deeper than is sensible. */
export function checkSchema(schema: object, where: string): object {
  const text = JSON.stringify(schema);
  if (text.length > LIMITS.schemaLength)
    throw invalid(`The schema has more than ${LIMITS.schemaLength} characters.`, where);
  if (depthOf(schema) > 4 * LIMITS.schemaDepth) throw invalid('The schema is nested too deep.', where);
  return schema;
}

function depthOf(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
