// /mcp: the tools over streamable HTTP, in both generations of the protocol, without sessions: a fresh server object for each
// request. The guard has looked before. Not here: the tools (tools.ts).
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Context } from '../context.js';
import { HttpError } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { readBytes } from '../body.js';
import { allows, type Caller } from '../keys.js';
import { LIMITS } from '../limits.js';
import { pageOf } from '../records.js';
import type { BrainService } from '../own/index.js';
import { mcpServerOf, type MemoryTools } from './tools.js';

export function mcpRoutes(context: Context, service: BrainService): Route[] {
  const { version, engine } = context;
  const handle = async (exchange: Exchange): Promise<void> => {
    const { caller, signal, request, response } = exchange;
    if (request.method === 'POST' && !/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      throw new HttpError(415, 'invalid_request_error', 'Expected application/json.');
    }
    const tools = toolsFor(service, caller);
    const handler = createMcpHandler(() => mcpServerOf(tools, { version, brain: engine.settings.brain }), {
      maxRequestBodySize: LIMITS.jsonBytes,
      keepAliveMs: context.options.heartbeatMs ?? LIMITS.heartbeatMs,
      onerror: () => undefined,
    });
    const body = request.method === 'POST' ? await readBytes(request, LIMITS.jsonBytes) : undefined;
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string' && name !== 'authorization' && name !== 'x-api-key') headers.set(name, value);
    }
    const asked = new Request(`http://localhost${exchange.path}`, {
      method: exchange.method,
      headers,
      signal,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    const answer = await handler.fetch(asked);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body !== null) {
      for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>) {
        if (response.destroyed) break;
        response.write(piece);
      }
    }
    response.end();
    await handler.close();
  };
  return (['POST', 'GET', 'DELETE'] as const).map((method) => ({ method, path: '/mcp', scope: 'chat', handle }));
}

/** What a key may do by routes it may do by tools, and no more. */
function toolsFor(service: BrainService, caller: Caller): MemoryTools {
  const may = (): void => {
    if (!allows(caller, 'remember'))
      throw new Error('This key may only ask: the tool needs a key with the scope remember.');
  };
  const run = async ({ view, done }: ReturnType<BrainService['remember']>, waits: boolean) => (waits ? done : view);
  return {
    remember: (brain, input, { signal, onProgress }) => {
      may();
      return run(
        service.remember(brain, input, { caller, ...(onProgress === undefined ? {} : { signal }) }, onProgress),
        onProgress !== undefined,
      );
    },
    recall: async (brain, query, { k, signal }) => {
      may();
      return service.recall(brain, query, k, { caller, signal });
    },
    ask: (brain, question, { signal }) => service.ask(brain, question, {}, { caller, signal }),
    memories: async (brain, { query, limit, after }) => {
      may();
      const asked = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
      return pageOf([...(await service.memories(brain, { query, state: 'remembered' }))].reverse(), asked);
    },
    forget: async (brain, id, { signal }) => {
      may();
      return service.forget(brain, id, { caller, signal });
    },
    undo: async (brain, what, { signal, onProgress }) => {
      may();
      return run(service.undo(brain, what, { caller, signal }, onProgress), true);
    },
    search: async (brain, query, { k, signal }) => {
      may();
      return service.search(brain, query, k, { caller, signal });
    },
    document: async (brain, id, { signal }) => {
      may();
      return service.document(brain, id, { caller, signal });
    },
  };
}
