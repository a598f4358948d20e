// GET /v1/models and one of them, DELETE of what was fine-tuned. Not here: what names mean (names.ts).
import type { Answerer } from '../answer.js';
import { HttpError } from '../errors.js';
import type { Route } from '../exchange.js';
import type { ModelCard } from '../names.js';
import { sendJson } from '../reply.js';

export function modelRoutes({ context, names }: Answerer): Route[] {
  return [
    {
      ...{ method: 'GET', path: '/v1/models', scope: 'chat' },
      handle: async (exchange) => {
        const data = (await names.list()).map((card) => shown(card, context.engine.settings.contextSize));
        const more = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false };
        sendJson(exchange, { object: 'list', data, ...more });
      },
    },
    {
      ...{ method: 'GET', path: '/v1/models/:id', scope: 'chat' },
      handle: async (exchange) => {
        const card = await names.find(exchange.params['id']!);
        // Asked for by an alias it is what was asked for.
        sendJson(exchange, { ...shown(card, context.engine.settings.contextSize), id: exchange.params['id'] });
      },
    },
    {
      ...{ method: 'DELETE', path: '/v1/models/:id', scope: 'admin' },
      handle: async (exchange) => {
        const id = exchange.params['id']!;
        const made = id.startsWith('ft:') ? await names.tuned.adapterOf(id) : undefined;
        const adapter = made?.adapter ?? (id.startsWith('adapter:') ? id.slice('adapter:'.length) : undefined);
        await names.find(id);
        if (adapter === undefined) {
          throw new HttpError(403, 'permission_error', 'Only what was fine-tuned is deleted here.', { param: 'model' });
        }
        await (await context.engine.own()).adapters.remove(adapter);
        context.events.emit({ type: 'model.deleted', model: id });
        sendJson(exchange, { id, object: 'model', deleted: true });
      },
    },
  ];
}

export function contextOf({ contextLength }: ModelCard, given: number | undefined): number {
  return given ?? Math.min(contextLength ?? 4096, 4096);
}

function shown(card: ModelCard, context: number | undefined): { id: string } & Record<string, unknown> {
  const { id, kind, base, created, memories, loaded } = card;
  const length = contextOf(card, context);
  return {
    ...{ id, object: 'model', created, owned_by: 'engram' },
    parent: kind === 'base' || kind === 'embedder' ? null : base,
    max_model_len: length,
    engram: {
      ...{ kind, base, context_length: length, loaded },
      ...(memories === undefined ? {} : { memories }),
      capabilities:
        kind === 'embedder' ? ['embedding'] : ['completion', 'tools', ...(kind === 'brain' ? ['memory'] : [])],
    },
  };
}
