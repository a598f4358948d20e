// POST /v1/completions: texts continued as they stand, by the base model or an adapter. Not here: conversations (chat.ts).
import { z } from 'zod';
import type { AskOptions, Generation } from '../../index.js';
import { giveContinuation, type Answerer } from '../answer.js';
import { readBody } from '../body.js';
import { invalid, toHttpError } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { keepAlive, sendJson } from '../reply.js';
import { listOf, MODEL, whole } from '../schema.js';
import { EventStream } from '../stream.js';
import { head, usageOf } from './chat.js';
import { SAMPLING, toSampling } from './sampling.js';

const IDS = listOf(whole(0, 2 ** 31 - 1), LIMITS.promptIds, 1);

const BODY = SAMPLING.extend({
  model: MODEL,
  prompt: z.union([z.string(), listOf(z.string(), LIMITS.prompts, 1), IDS, listOf(IDS, LIMITS.prompts, 1)]),
  max_tokens: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  echo: z.boolean().optional(),
  logprobs: z.number().int().min(0).max(5).optional(),
  suffix: z.string().optional(),
  best_of: z.number().int().min(1).optional(),
});
type Body = z.infer<typeof BODY>;

/** As the API has always had it where no number is named. */
const DEFAULT_TOKENS = 16;

export function completionRoutes(answerer: Answerer): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/v1/completions', scope: 'chat' },
      handle: async (exchange) => {
        const body = await readBody(exchange, BODY);
        if (body.suffix !== undefined && body.suffix !== '')
          throw invalid('Filling in before a suffix is not done here.', 'suffix');
        if ((body.best_of ?? 1) > (body.n ?? 1))
          throw invalid('Answers are not ranked here: best_of must not be more than n.', 'best_of');
        exchange.log({ model: body.model });
        await (body.stream === true ? stream : inOnePiece)(answerer, exchange, body);
      },
    },
  ];
}

/** Every prompt as often as it is to be continued. */
function partsOf({ prompt, n = 1 }: Body): { prompt: string | number[]; choice: number }[] {
  const prompts =
    typeof prompt === 'string' || typeof prompt[0] === 'number'
      ? [prompt as string | number[]]
      : (prompt as (string | number[])[]);
  const parts = prompts.flatMap((one) => Array.from({ length: n }, (_, choice) => ({ prompt: one, choice })));
  if (parts.length > LIMITS.prompts) throw invalid(`At most ${LIMITS.prompts} answers are given to one request.`, 'n');
  return parts;
}

function optionsOf(body: Body, choice: number): AskOptions {
  const { seed, ...sampling } = toSampling(body);
  return {
    ...sampling,
    seed: seed === undefined ? undefined : (seed + choice) % 2 ** 32,
    maxTokens: body.max_tokens ?? DEFAULT_TOKENS,
    logprobs: body.logprobs,
  };
}

async function inOnePiece(answerer: Answerer, exchange: Exchange, body: Body): Promise<void> {
  const alive = keepAlive(exchange, answerer.context.options.heartbeatMs);
  try {
    const results: (Generation & { prompt: string })[] = [];
    for (const { prompt, choice } of partsOf(body)) {
      const asked = { model: body.model, prompt, options: optionsOf(body, choice) };
      results.push(await giveContinuation(answerer, exchange, asked, { onText: alive.begun }));
    }
    sendJson(exchange, {
      ...head('text_completion', body.model),
      choices: results.map((result, index) => ({
        text: body.echo === true ? `${result.prompt}${result.text}` : result.text,
        index,
        logprobs: logprobsOf(result, body.echo === true ? result.prompt.length : 0),
        finish_reason: result.finishReason,
      })),
      usage: usageOf(results),
    });
  } finally {
    alive.stop();
  }
}

async function stream(answerer: Answerer, exchange: Exchange, body: Body): Promise<void> {
  const out = new EventStream(exchange, 'sse', answerer.context.options.heartbeatMs);
  const of = head('text_completion', body.model);
  const withUsage = body.stream_options?.include_usage === true;
  const results: Generation[] = [];
  const send = (index: number, text: string, finish: string | null, logprobs: object | null = null): void => {
    out.send({
      ...of,
      choices: [{ text, index, logprobs, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
    });
  };
  try {
    for (const [index, { prompt, choice }] of partsOf(body).entries()) {
      const asked = { model: body.model, prompt, options: optionsOf(body, choice) };
      if (body.echo === true && typeof prompt === 'string') send(index, prompt, null);
      const result = await giveContinuation(answerer, exchange, asked, {
        onText: (piece) => {
          send(index, piece, null);
        },
      });
      send(index, '', result.finishReason, logprobsOf(result, 0));
      results.push(result);
    }
    if (withUsage) out.send({ ...of, choices: [], usage: usageOf(results) });
    out.end('[DONE]');
  } catch (error) {
    if (!out.hasBegun) throw error;
    exchange.log({ fault: toHttpError(error).extras.code });
    out.fail(error);
  }
}

function logprobsOf({ logprobs }: Generation, offset: number): object | null {
  if (logprobs === undefined) return null;
  let at = offset;
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ likeliest }) =>
      Object.fromEntries(likeliest.map(({ text, logprob }) => [text, logprob])),
    ),
    text_offset: logprobs.map(({ text }) => (at += text.length) - text.length),
  };
}
