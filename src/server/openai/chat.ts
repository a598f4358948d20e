// POST /v1/chat/completions: whole and as a stream. Not here: older completions, responses.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Answered, AskOptions } from '../../index.js';
import { giveAnswer, groundsOf, type Answerer, type Asking } from '../answer.js';
import { readBody } from '../body.js';
import { toHttpError } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { keepAlive, sendJson } from '../reply.js';
import { listOf, MODEL } from '../schema.js';
import { EventStream } from '../stream.js';
import {
  MESSAGE,
  outerCallId,
  toMessages,
  TOOL,
  TOOL_CHOICE,
  toOpenAiCalls,
  toToolChoice,
  toTools,
} from './messages.js';
import { checkSchema, ENGRAM, SAMPLING, toSampling } from './sampling.js';

const FORMAT = z.union([
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object'), schema: z.record(z.string(), z.unknown()).nullish() }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ name: z.string().optional(), schema: z.record(z.string(), z.unknown()) }),
  }),
]);

const tokens = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const BODY = SAMPLING.extend({
  model: MODEL,
  messages: listOf(MESSAGE, LIMITS.messages, 1),
  max_tokens: tokens.optional(),
  max_completion_tokens: tokens.optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.number().int().min(0).max(20).optional(),
  response_format: FORMAT.optional(),
  grammar: z.string().max(LIMITS.schemaLength).optional(),
  tools: listOf(TOOL, LIMITS.tools).optional(),
  tool_choice: TOOL_CHOICE.optional(),
  parallel_tool_calls: z.boolean().optional(),
  engram: ENGRAM.optional(),
});
type Body = z.infer<typeof BODY>;

export function chatRoutes(answerer: Answerer): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/v1/chat/completions', scope: 'chat' },
      handle: async (exchange) => {
        const body = await readBody(exchange, BODY);
        exchange.log({ model: body.model });
        await (body.stream === true ? stream : whole)(answerer, exchange, body);
      },
    },
  ];
}

/** One of so many answers: each has a seed of its own. */
function askingOf(body: Body, choice: number): Asking {
  const { overflow = 'refuse', ...given } = body.engram ?? {};
  const { seed, ...sampling } = toSampling(body);
  const options: AskOptions = {
    ...sampling,
    ...given,
    ...formOf(body),
    seed: seed === undefined ? undefined : (seed + choice) % 2 ** 32,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : undefined,
    ...(overflow === 'refuse' ? {} : { overflow }),
  };
  return { model: body.model, messages: toMessages(body.messages), options, shortens: overflow !== 'refuse' };
}

/** What the answer has to look like. */
function formOf({ response_format: format, grammar, tools, tool_choice, parallel_tool_calls }: Body): AskOptions {
  const schema =
    format?.type === 'json_schema'
      ? format.json_schema.schema
      : format?.type === 'json_object'
        ? (format.schema ?? { type: 'object' })
        : undefined;
  const hasTools = tools !== undefined && tools.length > 0 && tool_choice !== 'none';
  return {
    grammar,
    jsonSchema: schema === undefined ? undefined : checkSchema(schema, 'response_format'),
    ...(hasTools
      ? { tools: toTools(tools), toolChoice: toToolChoice(tool_choice), parallelToolCalls: parallel_tool_calls ?? true }
      : {}),
  };
}

async function whole(answerer: Answerer, exchange: Exchange, body: Body): Promise<void> {
  const alive = keepAlive(exchange, answerer.context.options.heartbeatMs);
  try {
    const answers: Answered[] = [];
    for (let i = 0; i < (body.n ?? 1); i++) {
      answers.push(await giveAnswer(answerer, exchange, askingOf(body, i), { onText: alive.begun }));
    }
    sendJson(exchange, {
      ...head('chat.completion', body.model),
      choices: answers.map((answered, index) => ({
        index,
        message: {
          role: 'assistant',
          content: answered.answer === '' && answered.toolCalls !== undefined ? null : answered.answer,
          refusal: null,
          ...(answered.toolCalls === undefined ? {} : { tool_calls: toOpenAiCalls(answered.toolCalls) }),
        },
        logprobs: logprobsOf(answered),
        finish_reason: finishOf(answered),
      })),
      usage: usageOf(answers),
      engram: groundsOf(answers[0]!),
    });
  } finally {
    alive.stop();
  }
}

async function stream(answerer: Answerer, exchange: Exchange, body: Body): Promise<void> {
  const out = new EventStream(exchange, 'sse', answerer.context.options.heartbeatMs);
  const withUsage = body.stream_options?.include_usage === true;
  const of = head('chat.completion.chunk', body.model);
  const chunk = (index: number, delta: object, more: object = {}, finish: string | null = null): void => {
    const choices = [{ index, delta, logprobs: null, finish_reason: finish, ...(more as { logprobs?: unknown }) }];
    out.send({ ...of, choices, ...(withUsage ? { usage: null } : {}) });
  };
  const answers: Answered[] = [];
  try {
    for (let index = 0; index < (body.n ?? 1); index++) {
      let said = '';
      const begin = (): void => {
        chunk(index, { role: 'assistant', content: '', refusal: null });
      };
      let hasBegun = false as boolean; // set by what is called back
      const answered = await giveAnswer(answerer, exchange, askingOf(body, index), {
        onText: (piece) => {
          // A faulty request has been refused by now: what comes is an answer.
          if (!hasBegun) begin();
          hasBegun = true;
          const text = said === '' ? piece.trimStart() : piece;
          said += text;
          if (text !== '') chunk(index, { content: text });
        },
        onPlace: (place) => {
          out.waits(place);
        },
        onStart: () => {
          out.waits(undefined);
        },
      });
      if (!hasBegun) begin();
      streamCalls(answered, (delta) => {
        chunk(index, delta);
      });
      const logprobs = logprobsOf(answered);
      if (logprobs !== null) chunk(index, { content: '' }, { logprobs });
      const last = { index, delta: {}, logprobs: null, finish_reason: finishOf(answered) };
      out.send({ ...of, choices: [last], ...(withUsage ? { usage: null } : {}), engram: groundsOf(answered) });
      answers.push(answered);
    }
    if (withUsage) out.send({ ...of, choices: [], usage: usageOf(answers) });
    out.end('[DONE]');
  } catch (error) {
    if (!out.hasBegun) throw error;
    exchange.log({ fault: toHttpError(error).extras.code });
    out.fail(error);
  }
}

/** The name first, its arguments after it: some clients take no bytes of both in one piece. */
function streamCalls({ toolCalls = [], cutToolCall }: Answered, send: (delta: object) => void): void {
  toolCalls.forEach(({ id, name, arguments: given }, index) => {
    send({ tool_calls: [{ index, id: outerCallId(id), type: 'function', function: { name, arguments: '' } }] });
    send({ tool_calls: [{ index, function: { arguments: JSON.stringify(given) } }] });
  });
  if (cutToolCall?.name === undefined) return;
  const index = toolCalls.length;
  const id = outerCallId(randomUUID().replaceAll('-', '').slice(0, 9));
  send({ tool_calls: [{ index, id, type: 'function', function: { name: cutToolCall.name, arguments: '' } }] });
  if (cutToolCall.arguments !== '') send({ tool_calls: [{ index, function: { arguments: cutToolCall.arguments } }] });
}

export function head(
  object: string,
  model: string,
): { id: string; object: string; created: number; model: string; system_fingerprint: string } {
  const id = `${object.startsWith('text') ? 'cmpl' : 'chatcmpl'}-${randomUUID().replaceAll('-', '')}`;
  return { id, object, created: Math.floor(Date.now() / 1000), model, system_fingerprint: 'engram' };
}

export function finishOf({ finishReason, toolCalls = [] }: Answered): string {
  return finishReason === 'stop' && toolCalls.length > 0 ? 'tool_calls' : finishReason;
}

export function usageOf(answers: readonly { promptTokens: number; reusedTokens: number; tokens: number }[]): object {
  const prompt = answers[0]?.promptTokens ?? 0;
  const completion = answers.reduce((sum, { tokens: count }) => sum + count, 0);
  return {
    ...{ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
    prompt_tokens_details: { cached_tokens: answers[0]?.reusedTokens ?? 0 },
  };
}

function logprobsOf({ logprobs }: Answered): { content: object[]; refusal: null } | null {
  if (logprobs === undefined) return null;
  const shown = ({ text, logprob }: { text: string; logprob: number }) => ({
    ...{ token: text, logprob, bytes: [...Buffer.from(text)] },
  });
  return {
    content: logprobs.map((token) => ({ ...shown(token), top_logprobs: token.likeliest.map(shown) })),
    refusal: null,
  };
}
