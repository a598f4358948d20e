// A model that a server elsewhere computes, asked by the OpenAI API's chat completions, as vLLM, llama-server, SGLang and others speak
// it. It answers, and does nothing else: no adapters of ours, no vectors, no training. Not here: what is asked (answering-elsewhere.ts).
import { EngramError, throwIfCancelled } from '../errors.js';
import { isObject } from '../is-object.js';
import { choiceOf, newReading, type Reading } from './completion-stream.js';
import { eventsOf } from './server-events.js';
import type { ChatMessage, GenerateOptions, Generation, Tool } from './types.js';

export interface ElsewhereOptions {
  /** With the version, e.g. `http://localhost:8000/v1`. */
  address: string;
  /** As the server calls it; an adapter that it serves is one too. Default: the first that it lists. */
  model?: string | undefined;
  /** Sent as a bearer token. */
  key?: string | undefined;
}

/** What a server does not know how to do, or what has no name that all servers share. */
const REFUSED = [
  ...['grammar', 'mirostatTau', 'typicalP', 'xtcProbability', 'dryMultiplier', 'opening', 'penaltyTokens'],
] as const satisfies readonly (keyof GenerateOptions)[];

export class Elsewhere {
  readonly #options: ElsewhereOptions;
  #model: Promise<string> | undefined;

  constructor(options: ElsewhereOptions) {
    this.#options = options;
  }

  /** For messages. */
  get address(): string {
    return this.#options.address;
  }

  /** Answers a conversation. `adapter`: a name that the server knows, in place of the model. Throws `network`, `usage` (a key or an
   * option that is refused), `not_found` (no such model there), `too_long`, `unsupported`, `corrupt` (it does not speak the API),
   * `cancelled` before anything came; then what came is returned. */
  async chat(
    messages: readonly ChatMessage[],
    options: GenerateOptions & { adapter?: string } = {},
  ): Promise<Generation> {
    const refused = REFUSED.find((name) => options[name] !== undefined && options[name] !== 0);
    if (refused !== undefined) {
      throw new EngramError('unsupported', `A model on a server cannot be given ${refused}.`, {
        hint: 'Leave it out, or answer with a model here (without --server).',
      });
    }
    const { signal } = options;
    throwIfCancelled(signal);
    const model = options.adapter ?? (await this.model(signal));
    const started = performance.now();
    const response = await this.#post('chat/completions', bodyOf(model, messages, options), signal);
    const reading = newReading(started, options);
    try {
      for await (const event of eventsOf(response.body)) {
        if (event === '[DONE]') break;
        this.#take(reading, event);
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error instanceof EngramError ? error : this.#away(error);
      reading.finish = 'cancelled';
    }
    if (reading.finish === undefined) throw this.#away('its answer broke off');
    return reading.generation();
  }

  /** The model that answers. Throws as chat() does. */
  model(signal?: AbortSignal): Promise<string> {
    const { model } = this.#options;
    if (model !== undefined) return Promise.resolve(model);
    this.#model ??= this.models(signal).then(([first]) => {
      if (first === undefined) throw new EngramError('not_found', `The server ${this.address} serves no model.`);
      return first;
    });
    this.#model.catch(() => (this.#model = undefined));
    return this.#model;
  }

  /** The models that the server lists, adapters among them. */
  async models(signal?: AbortSignal): Promise<string[]> {
    const response = await this.#fetch('models', {}, signal);
    const { data } = asObject(await response.json().catch(() => undefined)) ?? {};
    const ids = Array.isArray(data) ? data.map((one) => asObject(one)?.['id']) : undefined;
    if (ids?.every((id) => typeof id === 'string') !== true) throw this.#foreign('its list of models is none');
    return ids;
  }

  #take(reading: Reading, text: string): void {
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch (error) {
      throw this.#foreign(`it sent "${text.slice(0, 60)}"`, error);
    }
    const said = asObject(event);
    if (said === undefined) throw this.#foreign('it sent something that is no object');
    const error = asObject(said['error']);
    if (error !== undefined) throw this.#said(Number(error['code']) || 500, JSON.stringify({ error }));
    const choice = choiceOf(said);
    if (choice !== undefined) reading.take(choice);
    const usage = asObject(said['usage']);
    if (usage !== undefined) reading.usage(usage);
  }

  #post(path: string, body: object, signal: AbortSignal | undefined): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.#fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }, signal);
  }

  async #fetch(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    const { address, key } = this.#options;
    const headers = { ...(init.headers as Record<string, string> | undefined) };
    if (key !== undefined) headers['authorization'] = `Bearer ${key}`;
    let response: Response;
    try {
      response = await fetch(`${address.replace(/\/+$/, '')}/${path}`, { ...init, headers, signal: signal ?? null });
    } catch (error) {
      throwIfCancelled(signal);
      throw this.#away(error);
    }
    if (response.ok) return response;
    throw this.#said(response.status, await response.text().catch(() => ''));
  }

  /** What the server said was wrong, in its words. */
  #said(status: number, text: string): EngramError {
    const why = reasonOf(text);
    const ours = (...[code, hint]: [ConstructorParameters<typeof EngramError>[0], string]): EngramError =>
      new EngramError(code, `The server ${this.address} refused (${status}): ${why}`, { hint, details: { status } });
    if (status === 401 || status === 403) return ours('usage', 'Give its key as ENGRAM_SERVER_KEY.');
    if (status === 404) return ours('not_found', 'See its models with: curl ADDRESS/models. The address ends in /v1.');
    if (status === 429 || status >= 500) return ours('network', 'Try again later.');
    if (/context|too long|too many tokens|maximum.*(length|tokens)/i.test(why)) {
      return ours('too_long', 'Ask with fewer passages, or begin a new conversation.');
    }
    return ours('usage', 'Leave out the option that it names.');
  }

  #away(cause: unknown): EngramError {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const why = inner instanceof Error ? inner.message || String((inner as NodeJS.ErrnoException).code) : String(inner);
    return new EngramError('network', `The server ${this.address} cannot be reached, or broke off: ${why}.`, {
      hint: 'See whether it runs and --server is right.',
      cause,
    });
  }

  #foreign(what: string, cause?: unknown): EngramError {
    return new EngramError('corrupt', `The server ${this.address} does not speak the OpenAI API: ${what}.`, {
      hint: 'The address is the one that ends in /v1.',
      cause,
    });
  }
}

/** Only what was asked for is sent beside what every server knows: a strict one refuses the rest. */
function bodyOf(model: string, messages: readonly ChatMessage[], options: GenerateOptions): object {
  const { tools = [], toolChoice, jsonSchema, logprobs, logitBias, thinking } = options;
  const named = typeof toolChoice === 'object' ? { type: 'function', function: toolChoice } : toolChoice;
  return {
    model,
    messages: messages.map(messageOf),
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: options.maxTokens ?? 512,
    temperature: options.temperature ?? 0,
    top_p: options.topP,
    top_k: options.topK,
    min_p: options.minP,
    seed: options.seed,
    stop: options.stop === undefined || options.stop.length === 0 ? undefined : options.stop,
    frequency_penalty: options.frequencyPenalty,
    presence_penalty: options.presencePenalty,
    repetition_penalty: options.repeatPenalty,
    ...(logitBias === undefined ? {} : { logit_bias: biasOf(logitBias) }),
    ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
    ...(thinking === undefined ? {} : { chat_template_kwargs: { enable_thinking: thinking } }),
    ...(jsonSchema === undefined
      ? {}
      : {
          response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: jsonSchema, strict: true } },
        }),
    ...(tools.length === 0
      ? {}
      : { tools: tools.map(toolOf), tool_choice: named, parallel_tool_calls: options.parallelToolCalls ?? false }),
  };
}

/** The API's least is -100, which forbids. */
function biasOf(bias: ReadonlyMap<number, number>): Record<string, number> {
  return Object.fromEntries([...bias].map(([id, value]) => [String(id), Math.min(100, Math.max(-100, value))]));
}

function messageOf({ role, content, toolCalls, toolCallId }: ChatMessage): object {
  const calls = toolCalls?.map(({ id, name, arguments: given }) => {
    return { id, type: 'function', function: { name, arguments: JSON.stringify(given) } };
  });
  return {
    role,
    content,
    ...(calls === undefined ? {} : { tool_calls: calls }),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
  };
}

function toolOf({ name, description, parameters }: Tool): object {
  return {
    type: 'function',
    function: { name, description, parameters: parameters ?? { type: 'object', properties: {} } },
  };
}

/** The message in an error's JSON, as OpenAI, vLLM and FastAPI write it; else the beginning of the text. */
function reasonOf(text: string): string {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    said = undefined;
  }
  const { error, message, detail } = asObject(said) ?? {};
  const found = [asObject(error)?.['message'], error, message, detail].find((one) => typeof one === 'string');
  const line = (typeof found === 'string' ? found : text).replace(/\s+/gu, ' ').trim().slice(0, 300);
  return line === '' ? 'it did not say why.' : line;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return isObject(value) ? value : undefined;
}
