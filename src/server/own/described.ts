// Routes that say what they take and give, so that the OpenAPI document follows from them. Not here: the routes (routes.ts).
import { z } from 'zod';
import { readBody } from '../body.js';
import { invalid } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { sendJson } from '../reply.js';
import { jsonSchemaOf } from '../schema.js';

export interface Described<B extends z.ZodType = z.ZodType, Q extends z.ZodType = z.ZodType> {
  method: Route['method'];
  path: string;
  scope: Route['scope'];
  summary: string;
  body?: B;
  query?: Q;
  /** Of the answer; none where it is a stream. */
  reply?: z.ZodType;
  /** HTTP status of the answer. Default 200. */
  status?: number;
  /** Returns what is sent, or undefined where it has sent it itself. */
  handle: (exchange: Exchange, input: { body: z.output<B>; query: z.output<Q> }) => unknown;
}

/** Keeps the types of body and query together with what handles them. */

export function describe<B extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined>(
  route: Described<B, Q>,
): Described {
  return route;
}

export function toRoute({ method, path, scope, body, query, status = 200, handle }: Described): Route {
  return {
    ...{ method, path, scope },
    handle: async (exchange) => {
      const asked = query === undefined ? undefined : query.parse(queryOf(exchange.query));
      const given = body === undefined ? undefined : await readBody(exchange, body);
      const value = await handle(exchange, { body: given, query: asked });
      if (value !== undefined) sendJson(exchange, value, status);
    },
  };
}

function queryOf(query: URLSearchParams): Record<string, string> {
  const names = [...query.keys()];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw invalid(`${JSON.stringify(twice.slice(0, 64))} stands twice in the query.`, twice.slice(0, 64));
  return Object.fromEntries(query);
}

export function openApiOf(routes: readonly Described[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, summary, scope, body, query, reply, status = 200 } of routes) {
    const named = path.replace(/:(\w+)/g, '{$1}');
    const params = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const asked =
      query === undefined
        ? {}
        : ((jsonSchemaOf(query, 'input') as { properties?: Record<string, object> }).properties ?? {});
    const content = (schema: z.ZodType, io: 'input' | 'output') => ({
      'application/json': { schema: jsonSchemaOf(schema, io) },
    });
    // What events hold OpenAPI has no words for.
    const told = reply === undefined ? { 'text/event-stream': { schema: {} } } : content(reply, 'output');
    (paths[named] ??= {})[method.toLowerCase()] = {
      ...{ summary, operationId: operationOf(method, path), 'x-scope': scope },
      parameters: [
        ...params,
        ...Object.entries(asked).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
      ],
      ...(body === undefined ? {} : { requestBody: { required: true, content: bodyOf(body) } }),
      responses: {
        [String(status)]: { description: 'What was asked for.', content: told },
        default: { description: 'What went wrong.', content: content(FAULT, 'output') },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'engram',
      version,
      description: "engram's own routes. Those of OpenAI, Anthropic and Ollama are as theirs.",
    },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    security: [{ key: [] }],
    paths,
  };
}

/** At the top of a body null stands for what is left out. */
function bodyOf(schema: z.ZodType): object {
  type Part = { properties?: Record<string, object>; required?: string[]; oneOf?: Part[] } & object;
  const nullable = (part: Part): Part => {
    const { properties = {}, required = [], oneOf } = part;
    const may = Object.entries(properties).map(([name, value]): [string, object] => [
      name,
      required.includes(name) || typeof value === 'boolean' ? value : { anyOf: [value, { type: 'null' }] },
    ]);
    const forms = oneOf === undefined || part.properties !== undefined ? {} : { oneOf: oneOf.map(nullable) };
    return { ...part, ...(part.properties === undefined ? {} : { properties: Object.fromEntries(may) }), ...forms };
  };
  return { 'application/json': { schema: nullable(jsonSchemaOf(schema, 'input')) } };
}

const FAULT = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
    hint: z.string().optional(),
    engram: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  }),
});

function operationOf(method: string, path: string): string {
  const words = path.split('/').filter((part) => part !== '' && part !== 'engram' && part !== 'v1');
  return [method.toLowerCase(), ...words.map((word) => word.replace(/^:/, 'by_').replace(/\W/g, '_'))].join('_');
}
