// POST /v1/messages, whole and as events, and /v1/messages/count_tokens. Not here: reading the conversation (messages.ts).
import { randomUUID } from 'node:crypto';
import type { Answered } from '../../index.js';
import { giveAnswer, groundsOf, type Answerer, type Asking } from '../answer.js';
import { readBody } from '../body.js';
import type { Exchange, Route } from '../exchange.js';
import { keepAlive, sendJson } from '../reply.js';
import { EventStream } from '../stream.js';
import { askOptionsOf, BODY, COUNTED, toConversation, toTools, type Body } from './messages.js';

export function anthropicRoutes(answerer: Answerer): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/v1/messages', scope: 'chat' },
      handle: async (exchange) => {
        const body = await readBody(exchange, BODY);
        exchange.log({ model: body.model });
        await (body.stream === true ? stream : inOnePiece)(answerer, exchange, body);
      },
    },
    {
      ...{ method: 'POST', path: '/v1/messages/count_tokens', scope: 'chat' },
      handle: async (exchange) => {
        const body = await readBody(exchange, COUNTED);
        const { messages } = toConversation(body);
        const target = await answerer.names.target(body.model);
        const count = await answerer.context.engine.use(target, exchange.signal, (opened) =>
          opened.countChat(messages, toTools(body).tools),
        );
        sendJson(exchange, { input_tokens: count });
      },
    },
  ];
}

function askingOf(body: Body): Asking {
  const { overflow = 'refuse', ...given } = body.engram ?? {};
  const { messages, opening } = toConversation(body);
  const options = {
    ...askOptionsOf(body),
    ...given,
    ...(opening === undefined ? {} : { opening }),
    ...(overflow === 'refuse' ? {} : { overflow }),
  };
  return { model: body.model, messages, options, shortens: overflow !== 'refuse' };
}

async function inOnePiece(answerer: Answerer, exchange: Exchange, body: Body): Promise<void> {
  const alive = keepAlive(exchange, answerer.context.options.heartbeatMs);
  try {
    const asking = askingOf(body);
    const answered = await giveAnswer(answerer, exchange, asking, { onText: alive.begun });
    const text = answered.answer.slice(asking.options.opening?.length ?? 0);
    const content = [
      ...(text === '' && answered.toolCalls !== undefined ? [] : [{ type: 'text', text }]),
      ...(answered.toolCalls ?? []).map(({ id, name, arguments: input }) => ({
        type: 'tool_use',
        id: `toolu_${id}`,
        name,
        input,
      })),
    ];
    sendJson(exchange, {
      ...messageOf(body.model, content),
      ...stopOf(answered),
      usage: usageOf(answered),
      engram: groundsOf(answered),
    });
  } finally {
    alive.stop();
  }
}

async function stream(answerer: Answerer, exchange: Exchange, body: Body): Promise<void> {
  const out = new EventStream(exchange, 'sse', answerer.context.options.heartbeatMs);
  const send = (value: { type: string } & Record<string, unknown>): void => {
    out.send(value, value.type);
  };
  let index = 0;
  let hasText = false as boolean; // set by what is called back
  const start = (): void => {
    if (out.hasBegun) return;
    send({
      type: 'message_start',
      message: { ...messageOf(body.model, []), usage: { input_tokens: 0, output_tokens: 0 } },
    });
    send({ type: 'ping' });
  };
  try {
    const asking = askingOf(body);
    let unsaid = asking.options.opening?.length ?? 0; // the client has it already
    const answered = await giveAnswer(answerer, exchange, asking, {
      onText: (piece) => {
        const text = piece.slice(unsaid);
        unsaid = Math.max(0, unsaid - piece.length);
        if (text === '') return;
        start();
        if (!hasText) send({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
        hasText = true;
        send({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } });
      },
    });
    start();
    if (hasText) send({ type: 'content_block_stop', index: index++ });
    for (const { id, name, arguments: input } of answered.toolCalls ?? []) {
      send({
        type: 'content_block_start',
        index,
        content_block: { type: 'tool_use', id: `toolu_${id}`, name, input: {} },
      });
      send({
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
      });
      send({ type: 'content_block_stop', index: index++ });
    }
    send({ type: 'message_delta', delta: stopOf(answered), usage: usageOf(answered), engram: groundsOf(answered) });
    send({ type: 'message_stop' });
    out.end();
  } catch (error) {
    if (!out.hasBegun) throw error;
    out.fail(error, (value) => ({ value, event: 'error' }));
  }
}

function messageOf(model: string, content: object[]): object {
  const id = `msg_${randomUUID().replaceAll('-', '')}`;
  return { id, type: 'message', role: 'assistant', model, content, stop_reason: null, stop_sequence: null };
}

/** Which of several stop sequences ended an answer the engine does not say; that one did it cannot tell from an answer's own end. */
function stopOf({ finishReason, toolCalls = [] }: Answered): { stop_reason: string; stop_sequence: null } {
  const reason = finishReason === 'length' ? 'max_tokens' : toolCalls.length > 0 ? 'tool_use' : 'end_turn';
  return { stop_reason: reason, stop_sequence: null };
}

function usageOf({ promptTokens, reusedTokens, tokens }: Answered): object {
  return {
    ...{ input_tokens: promptTokens - reusedTokens, output_tokens: tokens },
    ...{ cache_read_input_tokens: reusedTokens, cache_creation_input_tokens: 0 },
  };
}
