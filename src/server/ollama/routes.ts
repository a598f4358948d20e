// Ollama's dialect: chat, generate, embed, tags, show, ps, version, pull. Lines of JSON, streamed unless told, times in ns. Not here:
// making and pushing models.
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Answered, AskOptions, ChatMessage } from '../../index.js';
import { giveAnswer, giveContinuation, groundsOf, type Answerer, type Asking } from '../answer.js';
import { readBody } from '../body.js';
import { invalid, notFound } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { LIMITS } from '../limits.js';
import type { ModelCard } from '../names.js';
import { embedAll, checkDimensions } from '../openai/index.js';
import { TOOL, toTools } from '../openai/index.js';
import { contextOf } from '../openai/index.js';
import { checkSchema, ENGRAM } from '../openai/index.js';
import { sendJson, sendText } from '../reply.js';
import { listOf, MODEL, whole } from '../schema.js';
import { EventStream } from '../stream.js';

const OPTIONS = z.looseObject({
  num_predict: whole(-2, Number.MAX_SAFE_INTEGER).optional(),
  num_ctx: whole(1, 2 ** 31).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_k: whole(0, 1_000_000).optional(),
  top_p: z.number().min(0).max(1).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repeat_penalty: z.number().gt(0).max(10).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).optional(),
  stop: z.union([z.string(), listOf(z.string().min(1).max(LIMITS.stopLength), LIMITS.stops)]).optional(),
});

const COMMON = z.looseObject({
  model: MODEL,
  stream: z.boolean().optional(),
  options: OPTIONS.optional(),
  format: z.union([z.literal('json'), z.literal(''), z.record(z.string(), z.unknown())]).optional(),
  keep_alive: z.union([z.string(), z.number()]).optional(),
  engram: ENGRAM.optional(),
});

const CALL = z.looseObject({
  function: z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }),
});
const MESSAGE = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string().default(''),
  images: z.array(z.unknown()).nullish(),
  tool_calls: listOf(CALL, LIMITS.tools).nullish(),
  tool_call_id: z.string().nullish(),
});

const CHAT = COMMON.extend({
  messages: listOf(MESSAGE, LIMITS.messages).default([]),
  tools: listOf(TOOL, LIMITS.tools).optional(),
});

const GENERATE = COMMON.extend({
  prompt: z.string().default(''),
  suffix: z.string().optional(),
  system: z.string().optional(),
  raw: z.boolean().optional(),
  images: z.array(z.unknown()).nullish(),
});

const EMBED = z.looseObject({
  model: MODEL,
  input: z.union([z.string(), listOf(z.string(), LIMITS.embeddingInputs)]),
  dimensions: whole(1, 100_000).optional(),
});

const NAMED = z.looseObject({ model: MODEL.optional(), name: MODEL.optional() });

export function ollamaRoutes(answerer: Answerer): Route[] {
  const { context, names } = answerer;
  const post = (path: string, handle: Route['handle'], scope: Route['scope'] = 'chat'): Route => ({
    method: 'POST',
    path,
    scope,
    handle,
  });
  const get = (path: string, handle: Route['handle'], scope: Route['scope'] = 'chat'): Route => ({
    method: 'GET',
    path,
    scope,
    handle,
  });
  return [
    // Clients look for this text before they ask for anything.
    get(
      '/',
      (exchange) => {
        sendText(exchange, 'Ollama is running');
      },
      'public',
    ),
    get('/api/version', (exchange) => {
      sendJson(exchange, { version: '0.12.0', engram: context.version });
    }),
    get('/api/tags', async (exchange) => {
      sendJson(exchange, { models: (await names.list()).map(tagOf) });
    }),
    get('/api/ps', async (exchange) => {
      const loaded = (await names.list()).filter((card) => card.loaded);
      sendJson(exchange, {
        models: loaded.map((card) => ({
          ...tagOf(card),
          expires_at: new Date(Date.now() + 300_000).toISOString(),
          size_vram: 0,
        })),
      });
    }),
    post('/api/show', async (exchange) => {
      const body = await readBody(exchange, NAMED);
      const name = body.model ?? body.name;
      if (name === undefined) throw invalid('The field model is missing.');
      sendJson(exchange, shown(await names.find(name), context.engine.settings.contextSize));
    }),
    post('/api/embed', async (exchange) => {
      const body = await readBody(exchange, EMBED);
      const started = process.hrtime.bigint();
      await requireEmbedder(answerer, body.model);
      const texts = typeof body.input === 'string' ? [body.input] : body.input;
      const vectors = texts.length === 0 ? [] : await embedAll(answerer, exchange, texts);
      if (vectors[0] !== undefined) checkDimensions(body.dimensions, vectors[0].length);
      const total = Number(process.hrtime.bigint() - started);
      const embeddings = vectors.map((vector) => [...vector]);
      const count = texts.reduce((sum, text) => sum + Math.ceil(text.length / 4), 0);
      sendJson(exchange, {
        model: body.model,
        embeddings,
        total_duration: total,
        load_duration: 0,
        prompt_eval_count: count,
      });
    }),
    post('/api/chat', async (exchange) => {
      const body = await readBody(exchange, CHAT);
      exchange.log({ model: body.model });
      if (body.messages.length === 0) {
        await load(answerer, exchange, body, { message: { role: 'assistant', content: '' } });
        return;
      }
      const ask = (onText: (piece: string) => void) =>
        giveAnswer(answerer, exchange, chatAsking(body, context.engine.settings.contextSize), { onText });
      await give(exchange, body, ask, (content, answered) => ({
        message: {
          ...{ role: 'assistant', content },
          ...(answered?.toolCalls === undefined
            ? {}
            : {
                tool_calls: answered.toolCalls.map(({ id, name, arguments: given }, index) => ({
                  id,
                  function: { index, name, arguments: given },
                })),
              }),
        },
      }));
    }),
    post('/api/generate', async (exchange) => {
      const body = await readBody(exchange, GENERATE);
      exchange.log({ model: body.model });
      if ((body.images ?? []).length > 0) throw invalid('Images are not read here.');
      if (body.suffix !== undefined && body.suffix !== '')
        throw invalid('Filling in before a suffix is not done here.');
      if (body.prompt === '') {
        await load(answerer, exchange, body, { response: '' });
        return;
      }
      const options = optionsOf(body, context.engine.settings.contextSize);
      const ask = async (onText: (piece: string) => void): Promise<Told> => {
        if (body.raw === true) {
          const result = await giveContinuation(
            answerer,
            exchange,
            { model: body.model, prompt: body.prompt, options },
            { onText },
          );
          return { ...result, answer: result.text };
        }
        const system: ChatMessage[] =
          body.system === undefined || body.system === '' ? [] : [{ role: 'system', content: body.system }];
        const messages: ChatMessage[] = [...system, { role: 'user', content: body.prompt }];
        return giveAnswer(answerer, exchange, asking(body, messages, options), { onText });
      };
      await give(exchange, body, ask, (response) => ({ response }));
    }),
    post(
      '/api/pull',
      async (exchange) => {
        const body = await readBody(exchange, NAMED.extend({ stream: z.boolean().optional() }));
        await pull(answerer, exchange, (body.model ?? body.name ?? '').replace(/:latest$/, ''), body.stream ?? true);
      },
      'admin',
    ),
  ];
}

type Told = Pick<Answered, 'answer' | 'promptTokens' | 'tokens' | 'finishReason'> & Partial<Answered>;

/** In lines as it comes, or in one. */
async function give(
  exchange: Exchange,
  { model, stream: streams = true }: { model: string; stream?: boolean | undefined },
  ask: (onText: (piece: string) => void) => Promise<Told>,
  shape: (text: string, answered?: Told) => object,
): Promise<void> {
  const begun = process.hrtime.bigint();
  let first: bigint | undefined;
  const line = (): object => ({ model, created_at: new Date().toISOString() });
  const last = (answered: Told): object => {
    const now = process.hrtime.bigint();
    const reading = Number((first ?? now) - begun);
    return {
      ...{ done: true, done_reason: answered.finishReason, total_duration: Number(now - begun), load_duration: 0 },
      ...{ prompt_eval_count: answered.promptTokens, prompt_eval_duration: reading },
      ...{ eval_count: answered.tokens, eval_duration: Number(now - (first ?? now)) },
      ...(answered.source === undefined ? {} : { engram: groundsOf(answered as Answered) }),
    };
  };
  if (!streams) {
    const answered = await ask(() => {
      first ??= process.hrtime.bigint();
    });
    sendJson(exchange, { ...line(), ...shape(answered.answer, answered), ...last(answered) });
    return;
  }
  const out = new EventStream(exchange, 'lines');
  try {
    const answered = await ask((piece) => {
      first ??= process.hrtime.bigint();
      out.send({ ...line(), ...shape(piece), done: false });
    });
    if (answered.toolCalls !== undefined) out.send({ ...line(), ...shape('', answered), done: false });
    out.send({ ...line(), ...shape(''), ...last(answered) });
    out.end();
  } catch (error) {
    if (!out.hasBegun) throw error;
    out.fail(error);
  }
}

/** An empty request loads a model, or with keep_alive 0 frees it. */
async function load(
  { context, names }: Answerer,
  exchange: Exchange,
  body: { model: string; keep_alive?: unknown },
  shape: object,
): Promise<void> {
  const target = await names.target(body.model);
  const frees = body.keep_alive === 0 || body.keep_alive === '0' || body.keep_alive === '0s';
  if (frees) await context.engine.unload(target.model);
  else await context.engine.use(target, exchange.signal, () => Promise.resolve());
  const done = { done: true, done_reason: frees ? 'unload' : 'load' };
  sendJson(exchange, { model: body.model, created_at: new Date().toISOString(), ...shape, ...done });
}

function chatAsking(body: z.infer<typeof CHAT>, context: number | undefined): Asking {
  const calls = new Map<string, string>();
  const messages = body.messages.map(({ role, content, images, tool_calls, tool_call_id }, i): ChatMessage => {
    if ((images ?? []).length > 0) throw invalid(`messages[${i}]: images are not read here.`);
    if (tool_calls == null) {
      const toolCallId = tool_call_id ?? (role === 'tool' ? [...calls.values()].at(-1) : undefined);
      return { role, content, ...(toolCallId === undefined ? {} : { toolCallId }) };
    }
    const toolCalls = tool_calls.map((call) => {
      // Ollama's calls need no ids; templates do.
      const id = typeof call['id'] === 'string' ? call['id'] : randomUUID().replaceAll('-', '').slice(0, 9);
      calls.set(call.function.name, id);
      return { id, name: call.function.name, arguments: call.function.arguments };
    });
    return { role, content, toolCalls };
  });
  const tools =
    body.tools !== undefined && body.tools.length > 0 ? { tools: toTools(body.tools), parallelToolCalls: true } : {};
  return asking(body, messages, { ...optionsOf(body, context), ...tools });
}

function asking({ model, engram = {} }: z.infer<typeof COMMON>, messages: ChatMessage[], options: AskOptions): Asking {
  const { overflow = 'refuse', ...given } = engram;
  const more = overflow === 'refuse' ? {} : { overflow };
  return { model, messages, options: { ...options, ...given, ...more }, shortens: overflow !== 'refuse' };
}

/** Throws 400 for a context that is larger than the server's: it is never loaded again for one request. */
function optionsOf({ options = {}, format }: z.infer<typeof COMMON>, context = 4096): AskOptions {
  const { num_ctx, num_predict, temperature, top_k, top_p, min_p, seed, stop } = options;
  if (num_ctx !== undefined && num_ctx > context) {
    throw invalid(
      `num_ctx is ${num_ctx}, and the server's context has ${context} tokens: start it with a larger --context.`,
    );
  }
  const schema =
    format === 'json' ? { type: 'object' } : typeof format === 'object' ? checkSchema(format, 'format') : undefined;
  return {
    ...{ temperature, topK: top_k, topP: top_p, minP: min_p, jsonSchema: schema },
    ...{
      repeatPenalty: options.repeat_penalty,
      frequencyPenalty: options.frequency_penalty,
      presencePenalty: options.presence_penalty,
    },
    maxTokens: num_predict === undefined || num_predict < 0 ? undefined : num_predict,
    seed: seed === undefined ? undefined : ((seed % 2 ** 32) + 2 ** 32) % 2 ** 32,
    stop: typeof stop === 'string' ? [stop] : stop,
  };
}

/** By the catalog's names alone, with progress. */
async function pull({ context }: Answerer, exchange: Exchange, name: string, streams: boolean): Promise<void> {
  const { models } = await context.engine.own();
  const known = (await models.list()).find(({ entry }) => entry.name === name || entry.aliases.includes(name));
  if (known === undefined)
    throw notFound(`The catalog has no model ${JSON.stringify(name.slice(0, 100))}.`, 'model_not_found');
  const out = streams ? new EventStream(exchange, 'lines') : undefined;
  try {
    await context.jobs.run({ caller: exchange.caller.id, signal: exchange.signal }, () =>
      models.pull(known.entry.name, {
        signal: exchange.signal,
        onProgress: ({ file, receivedBytes, totalBytes }) => {
          out?.send({
            status: `pulling ${file}`,
            digest: digestOf(known.entry.name),
            total: totalBytes,
            completed: receivedBytes,
          });
        },
      }),
    );
    if (out === undefined) sendJson(exchange, { status: 'success' });
    else {
      out.send({ status: 'success' });
      out.end();
    }
  } catch (error) {
    if (out?.hasBegun !== true) throw error;
    out.fail(error);
  }
}

async function requireEmbedder({ names }: Answerer, model: string): Promise<void> {
  if ((await names.find(model)).kind !== 'embedder') throw invalid(`The model "${model}" makes no embeddings.`);
}

const digestOf = (id: string, sha256?: string): string => sha256 ?? createHash('sha256').update(id).digest('hex');

function tagOf(card: ModelCard): object {
  return {
    ...{
      name: card.id,
      model: card.id,
      modified_at: new Date(card.created * 1000).toISOString(),
      size: card.bytes ?? 0,
    },
    digest: digestOf(card.id, card.sha256),
    details: detailsOf(card),
    capabilities: capabilitiesOf(card),
  };
}

function detailsOf({ kind, base, architecture = '', parameters }: ModelCard): object {
  const size =
    parameters === undefined
      ? ''
      : parameters >= 1e9
        ? `${(parameters / 1e9).toFixed(1)}B`
        : `${Math.round(parameters / 1e6)}M`;
  const family = { family: architecture, families: architecture === '' ? [] : [architecture] };
  return {
    parent_model: kind === 'base' || kind === 'embedder' ? '' : base,
    format: 'gguf',
    ...family,
    parameter_size: size,
    quantization_level: '',
  };
}

const capabilitiesOf = ({ kind }: ModelCard): string[] =>
  kind === 'embedder' ? ['embedding'] : ['completion', 'tools'];

function shown(card: ModelCard, context: number | undefined): object {
  const { architecture = 'llama', id, created } = card;
  const length = contextOf(card, context);
  return {
    ...{ modelfile: `FROM ${id}`, parameters: `num_ctx ${length}`, template: '{{ .Prompt }}', license: '' },
    details: detailsOf(card),
    model_info: {
      'general.architecture': architecture,
      'general.basename': id,
      ...(card.parameters === undefined ? {} : { 'general.parameter_count': card.parameters }),
      [`${architecture}.context_length`]: length,
    },
    capabilities: capabilitiesOf(card),
    modified_at: new Date(created * 1000).toISOString(),
  };
}
