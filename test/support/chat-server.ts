// A server that speaks the OpenAI API's chat completions strictly, over HTTP: it refuses what the API does not know, and sends its
// stream cut at any byte. What it answers is given by the test.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatRequest {
  model: string;
  messages: { role: string; content: string; tool_calls?: unknown[]; tool_call_id?: string }[];
  [field: string]: unknown;
}

/** Deltas of one answer, with how it ends; or an error's status and text; or `break`: the line goes dead in the middle. */
export type Reply =
  | { deltas: object[]; finish: string; logprobs?: object[] }
  | { status: number; body: string }
  | { deltas: object[]; finish: 'break' | 'error' };

const FIELDS = new Set([
  ...['model', 'messages', 'stream', 'stream_options', 'max_tokens', 'temperature', 'top_p', 'seed', 'stop'],
  ...['frequency_penalty', 'presence_penalty', 'logit_bias', 'logprobs', 'top_logprobs', 'response_format'],
  ...['tools', 'tool_choice', 'parallel_tool_calls'],
]);

export class ChatServer {
  readonly requests: ChatRequest[] = [];
  models = ['big', 'tone'];
  key: string | undefined;
  /** Bytes of each piece of a stream. */
  pieceBytes = 7;
  reply: (request: ChatRequest) => Reply = () => ({ deltas: [{ content: 'Hello.' }], finish: 'stop' });
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      fail(response, 500, String(error));
    });
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.key !== undefined && request.headers.authorization !== `Bearer ${this.key}`) {
      fail(response, 401, 'Incorrect API key provided.');
    } else if (request.method === 'GET' && request.url === '/v1/models') {
      const data = this.models.map((id) => ({ id, object: 'model', owned_by: 'test' }));
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ object: 'list', data }));
    } else if (request.method === 'POST' && request.url === '/v1/chat/completions') {
      let text = '';
      for await (const piece of request) text += String(piece);
      const asked = JSON.parse(text) as ChatRequest;
      const wrong = faultOf(asked, this.models);
      if (wrong !== undefined) fail(response, wrong[0], wrong[1]);
      else {
        this.requests.push(asked);
        await this.#stream(response, this.reply(asked), asked.model);
      }
    } else fail(response, 404, 'Not Found');
  }

  async #stream(response: ServerResponse, reply: Reply, model: string): Promise<void> {
    if ('status' in reply) {
      response.writeHead(reply.status).end(reply.body);
      return;
    }
    const { deltas, finish } = reply;
    const piece = (choices: object[], more: object = {}): string =>
      `data: ${JSON.stringify({ id: 'c-1', object: 'chat.completion.chunk', created: 1, model, choices, ...more })}\n\n`;
    const choice = (delta: object, finish_reason: string | null, logprobs: unknown = null): object => ({
      ...{ index: 0, delta, logprobs, finish_reason },
    });
    const logprobs = 'logprobs' in reply ? (reply.logprobs ?? []) : [];
    const said = [{ role: 'assistant', content: '' }, ...deltas]
      .map((delta, i) =>
        piece([choice(delta, null, logprobs[i - 1] === undefined ? null : { content: [logprobs[i - 1]] })]),
      )
      .join(': a comment\n\n');
    const usage = { prompt_tokens: 21, completion_tokens: deltas.length, prompt_tokens_details: { cached_tokens: 8 } };
    const end = `${piece([choice({}, finish)])}${piece([], { usage })}data: [DONE]\n\n`;
    const broken =
      finish === 'error' ? `data: ${JSON.stringify({ error: { message: 'out of memory', code: 500 } })}\n\n` : '';
    const bytes = Buffer.from(`${said}${finish === 'break' || finish === 'error' ? broken : end}`);
    response.setHeader('content-type', 'text/event-stream');
    for (let at = 0; at < bytes.length && !response.destroyed; at += this.pieceBytes) {
      response.write(bytes.subarray(at, at + this.pieceBytes));
      await new Promise(setImmediate);
    }
    if (finish === 'break') response.destroy();
    else response.end();
  }
}

function faultOf(asked: ChatRequest, models: readonly string[]): [number, string] | undefined {
  const unknown = Object.keys(asked).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) return [400, `Unrecognized request argument supplied: ${unknown}`];
  if (!models.includes(asked.model)) return [404, `The model \`${asked.model}\` does not exist.`];
  if (!Array.isArray(asked.messages) || asked.messages.length === 0) return [400, 'messages is empty'];
  for (const { role, content, tool_call_id: id } of asked.messages) {
    if (!['system', 'user', 'assistant', 'tool'].includes(role) || typeof content !== 'string')
      return [400, 'bad message'];
    if ((role === 'tool') !== (typeof id === 'string')) return [400, 'tool_call_id belongs to tool messages'];
  }
  if (asked['stream'] !== true || typeof asked['max_tokens'] !== 'number') return [400, 'bad stream or max_tokens'];
  if ('top_logprobs' in asked && asked['logprobs'] !== true) return [400, 'top_logprobs needs logprobs'];
  if ('parallel_tool_calls' in asked && !('tools' in asked)) return [400, 'parallel_tool_calls needs tools'];
  return undefined;
}

function fail(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } }));
}
