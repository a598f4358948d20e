// /v1/responses: whole and as events in their order, kept to go on from. Not here: what an item is (response-items.ts).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Answered, AskOptions, ChatMessage } from '../../index.js';
import { giveAnswer, groundsOf, type Answerer, type Asking } from '../answer.js';
import { readBody } from '../body.js';
import { invalid, notFound, toHttpError } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { pageOf, Records } from '../records.js';
import { keepAlive, sendJson } from '../reply.js';
import { listOf, MODEL, whole } from '../schema.js';
import { EventStream } from '../stream.js';
import {
  CHOICE,
  choiceOf,
  INPUT,
  inputItems,
  itemsOf,
  messagesOf,
  TOOLS,
  toolsOf,
  type Item,
  type OutputItem,
} from './response-items.js';
import { checkSchema, ENGRAM } from './sampling.js';

const FORMAT = z.union([
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    name: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
  }),
]);

const BODY = z.looseObject({
  model: MODEL,
  input: INPUT,
  instructions: z.string().optional(),
  max_output_tokens: whole(1, Number.MAX_SAFE_INTEGER).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  tools: TOOLS.optional(),
  tool_choice: CHOICE.optional(),
  parallel_tool_calls: z.boolean().optional(),
  text: z.looseObject({ format: FORMAT.optional() }).optional(),
  top_logprobs: whole(0, 20).optional(),
  include: listOf(z.string(), 32).optional(),
  stream: z.boolean().optional(),
  store: z.boolean().optional(),
  background: z.boolean().optional(),
  previous_response_id: z.string().max(128).optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).optional(),
  truncation: z.enum(['auto', 'disabled']).optional(),
  engram: ENGRAM.optional(),
});
type Body = z.infer<typeof BODY>;

interface Kept {
  id: string;
  created_at: number;
  caller: string;
  response: Record<string, unknown>;
  /** Everything that was said until then and in it. */
  items: Item[];
  /** Its own input, of these. */
  input: Item[];
}

export function responseRoutes(answerer: Answerer): Route[] {
  const kept = new Records<Kept>(answerer.context.engine.home, 'responses', 'resp_');
  /** Somebody else's response is none. */
  const find = async ({ caller }: Exchange, id: string): Promise<Kept> => {
    const found = await kept.get(id);
    const isTheirs = found !== undefined && (found.caller === caller.id || caller.scope === 'admin');
    if (!isTheirs) throw notFound(`There is no response ${JSON.stringify(id.slice(0, 100))}.`);
    return found;
  };
  return [
    {
      ...{ method: 'POST', path: '/v1/responses', scope: 'chat' },
      handle: async (exchange) => {
        const body = await readBody(exchange, BODY);
        exchange.log({ model: body.model });
        if (body.background === true) throw invalid('Responses in the background are not given here.', 'background');
        const before =
          body.previous_response_id === undefined ? [] : (await find(exchange, body.previous_response_id)).items;
        const input = inputItems(body.input);
        const keep = async (response: Record<string, unknown>, output: readonly OutputItem[]): Promise<void> => {
          if (body.store === false) return;
          const all = await kept.list();
          if (all.length >= LIMITS.responses) await kept.remove(all[0]!.id);
          const id = response['id'] as string;
          const items = [...before, ...input, ...(output as unknown as Item[])];
          await kept.put({
            id,
            created_at: response['created_at'] as number,
            caller: exchange.caller.id,
            response,
            items,
            input,
          });
        };
        const asking = askingOf(body, [...before, ...input]);
        await (body.stream === true ? stream : inOnePiece)(answerer, exchange, body, asking, keep);
      },
    },
    {
      ...{ method: 'GET', path: '/v1/responses/:id', scope: 'chat' },
      handle: async (exchange) => {
        sendJson(exchange, (await find(exchange, exchange.params['id']!)).response);
      },
    },
    {
      ...{ method: 'GET', path: '/v1/responses/:id/input_items', scope: 'chat' },
      handle: async (exchange) => {
        const { input } = await find(exchange, exchange.params['id']!);
        sendJson(exchange, pageOf(input as (Item & { id: string })[], exchange.query));
      },
    },
    {
      ...{ method: 'POST', path: '/v1/responses/:id/cancel', scope: 'chat' },
      handle: async (exchange) => {
        await find(exchange, exchange.params['id']!);
        throw invalid('Only responses in the background are cancelled; to end another one, close its connection.');
      },
    },
    {
      ...{ method: 'DELETE', path: '/v1/responses/:id', scope: 'chat' },
      handle: async (exchange) => {
        const { id } = await find(exchange, exchange.params['id']!);
        await kept.remove(id);
        sendJson(exchange, { id, object: 'response', deleted: true });
      },
    },
  ];
}

type Keep = (response: Record<string, unknown>, output: readonly OutputItem[]) => Promise<void>;

function askingOf(body: Body, items: readonly Item[]): Asking {
  const { overflow = body.truncation === 'auto' ? 'shift' : 'refuse', ...given } = body.engram ?? {};
  const system: ChatMessage[] = body.instructions === undefined ? [] : [{ role: 'system', content: body.instructions }];
  const format = body.text?.format;
  const schema =
    format?.type === 'json_schema' ? format.schema : format?.type === 'json_object' ? { type: 'object' } : undefined;
  const { tools } = toolsOf(body.tools);
  const withLogprobs =
    body.include?.includes('message.output_text.logprobs') === true || body.top_logprobs !== undefined;
  const options: AskOptions = {
    ...{ maxTokens: body.max_output_tokens, temperature: body.temperature, topP: body.top_p, ...given },
    jsonSchema: schema === undefined ? undefined : checkSchema(schema, 'text.format'),
    logprobs: withLogprobs ? (body.top_logprobs ?? 0) : undefined,
    ...(tools.length > 0 && body.tool_choice !== 'none'
      ? { tools, toolChoice: choiceOf(body.tool_choice), parallelToolCalls: body.parallel_tool_calls ?? true }
      : {}),
    ...(overflow === 'refuse' ? {} : { overflow }),
  };
  return { model: body.model, messages: [...system, ...messagesOf(items)], options, shortens: overflow !== 'refuse' };
}

async function inOnePiece(
  answerer: Answerer,
  exchange: Exchange,
  body: Body,
  asking: Asking,
  keep: Keep,
): Promise<void> {
  const alive = keepAlive(exchange, answerer.context.options.heartbeatMs);
  try {
    const empty = emptyResponse(body);
    const answered = await giveAnswer(answerer, exchange, asking, { onText: alive.begun });
    const output = itemsOf(answered);
    const response = finished(empty, answered, output);
    await keep(response, output);
    sendJson(exchange, response);
  } finally {
    alive.stop();
  }
}

async function stream(answerer: Answerer, exchange: Exchange, body: Body, asking: Asking, keep: Keep): Promise<void> {
  const out = new EventStream(exchange, 'sse', answerer.context.options.heartbeatMs);
  const empty = emptyResponse(body);
  let number = 0;
  const send = (type: string, fields: object): void => {
    out.send({ type, ...fields, sequence_number: number++ }, type);
  };
  const begin = (): void => {
    if (number > 0) return;
    send('response.created', { response: empty });
    send('response.in_progress', { response: empty });
  };
  const item_id = `msg_${newId()}`;
  const place = { item_id, output_index: 0, content_index: 0 };
  const emptyPart = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  let said = '';
  try {
    const answered = await giveAnswer(answerer, exchange, asking, {
      onText: (piece) => {
        begin();
        const text = said === '' ? piece.trimStart() : piece;
        if (text === '') return;
        if (said === '') {
          const item = { id: item_id, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
          send('response.output_item.added', { output_index: 0, item });
          send('response.content_part.added', { ...place, part: emptyPart });
        }
        said += text;
        send('response.output_text.delta', { ...place, delta: text, logprobs: [] });
      },
    });
    begin();
    const output = itemsOf(answered, said === '' ? undefined : item_id);
    output.forEach((item, output_index) => {
      if (item.type === 'message') endMessage(send, item, said !== '', output_index);
      else sendCall(send, item, output_index);
    });
    const response = finished(empty, answered, output);
    await keep(response, output);
    send(`response.${String(response['status'])}`, { response });
    out.end();
  } catch (error) {
    if (!out.hasBegun) throw error;
    const { message, extras } = toHttpError(error);
    exchange.log({ fault: extras.code });
    const failed = { ...empty, status: 'failed', error: { code: 'server_error', message } };
    out.fail(error, () => ({
      value: { type: 'response.failed', response: failed, sequence_number: number++ },
      event: 'response.failed',
    }));
  }
}

type Send = (type: string, fields: object) => void;

/** The ends of a message that was streamed; all of one that was not. */
function endMessage(
  send: Send,
  item: OutputItem & { type: 'message' },
  wasStreamed: boolean,
  output_index: number,
): void {
  const place = { item_id: item.id, output_index, content_index: 0 };
  const [part] = item.content;
  if (!wasStreamed) {
    send('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } });
    send('response.content_part.added', { ...place, part: { ...part, text: '' } });
  }
  send('response.output_text.done', { ...place, text: part!.text, logprobs: part!.logprobs });
  send('response.content_part.done', { ...place, part });
  send('response.output_item.done', { output_index, item });
}

function sendCall(send: Send, item: OutputItem & { type: 'function_call' }, output_index: number): void {
  const place = { item_id: item.id, output_index };
  send('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } });
  send('response.function_call_arguments.delta', { ...place, delta: item.arguments });
  send('response.function_call_arguments.done', { ...place, name: item.name, arguments: item.arguments });
  send('response.output_item.done', { output_index, item });
}

function emptyResponse(body: Body): Record<string, unknown> {
  const { leftOut } = toolsOf(body.tools);
  return {
    ...{
      id: `resp_${newId()}`,
      object: 'response',
      created_at: Math.floor(Date.now() / 1000),
      completed_at: null,
      status: 'in_progress',
    },
    ...{
      error: null,
      incomplete_details: null,
      instructions: body.instructions ?? null,
      model: body.model,
      output: [],
    },
    ...{
      parallel_tool_calls: body.parallel_tool_calls ?? true,
      previous_response_id: body.previous_response_id ?? null,
    },
    ...{
      store: body.store ?? true,
      temperature: body.temperature ?? 0,
      top_p: body.top_p ?? 1,
      text: body.text ?? { format: { type: 'text' } },
    },
    ...{
      tool_choice: body.tool_choice ?? 'auto',
      tools: body.tools ?? [],
      truncation: body.truncation ?? 'disabled',
      metadata: body.metadata ?? {},
    },
    ...{
      usage: null,
      max_output_tokens: body.max_output_tokens ?? null,
      reasoning: { effort: null, summary: null },
      user: null,
    },
    ...(leftOut.length > 0
      ? { engram: { warnings: [`Tools of these types are left out: ${leftOut.join(', ')}.`] } }
      : {}),
  };
}

function finished(
  empty: Record<string, unknown>,
  answered: Answered,
  output: readonly OutputItem[],
): Record<string, unknown> {
  const isCut = answered.finishReason === 'length';
  const { promptTokens, reusedTokens, tokens } = answered;
  return {
    ...empty,
    ...{ status: isCut ? 'incomplete' : 'completed', completed_at: Math.floor(Date.now() / 1000), output },
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    usage: {
      ...{ input_tokens: promptTokens, input_tokens_details: { cached_tokens: reusedTokens }, output_tokens: tokens },
      ...{ output_tokens_details: { reasoning_tokens: 0 }, total_tokens: promptTokens + tokens },
    },
    engram: { ...(empty['engram'] as object | undefined), ...groundsOf(answered) },
  };
}

const newId = (): string => randomUUID().replaceAll('-', '');
