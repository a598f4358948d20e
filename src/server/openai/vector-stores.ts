// /v1/vector_stores: each the documents of a brain of its own, of files that were uploaded. Not here: files (files.ts), searching.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { FoundPassage } from '../../index.js';
import type { Answerer } from '../answer.js';
import { readBody } from '../body.js';
import { invalid, notFound } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { pageOf, Records } from '../records.js';
import { sendJson } from '../reply.js';
import { listOf, whole } from '../schema.js';
import type { FileStore } from './files.js';

type Attributes = Record<string, string | number | boolean>;

interface StoreFile {
  id: string;
  created_at: number;
  status: 'in_progress' | 'completed' | 'failed';
  usage_bytes: number;
  last_error: { code: string; message: string } | null;
  attributes: Attributes;
}

interface VectorStore {
  id: string;
  name: string;
  created_at: number;
  last_active_at: number;
  metadata: Record<string, string>;
  files: StoreFile[];
}

const ATTRIBUTES = z.record(z.string().max(64), z.union([z.string().max(512), z.number(), z.boolean()]));
const METADATA = z.record(z.string().max(64), z.string().max(512));
const FILE_IDS = listOf(z.string().max(128), 500);

interface Compare {
  type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin';
  key: string;
  value: unknown;
}
type Filter = Compare | { type: 'and' | 'or'; filters: Filter[] };

const FILTER: z.ZodType<Filter> = z.lazy(() =>
  z.union([
    z.object({
      type: z.enum(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin']),
      key: z.string().max(64),
      value: z.unknown(),
    }),
    z.object({ type: z.enum(['and', 'or']), filters: listOf(FILTER, 32) as unknown as z.ZodType<Filter[]> }),
  ]),
);

const SEARCH = z.looseObject({
  query: z.union([z.string().min(1).max(10_000), listOf(z.string().min(1).max(10_000), 16, 1)]),
  max_num_results: whole(1, 50).optional(),
  filters: FILTER.optional(),
  ranking_options: z.looseObject({ score_threshold: z.number().optional() }).optional(),
});

export function vectorStoreRoutes({ context }: Answerer, files: FileStore): Route[] {
  const { engine, jobs } = context;
  const records = new Records<VectorStore>(engine.home, 'vector-stores', 'vs_');
  const find = ({ params }: Exchange): Promise<VectorStore> => records.find(params['id']!, 'vector store');
  /** Short enough for the name of a brain. */
  const brainOf = ({ id }: VectorStore): string => id;

  /** Reads files into the store; what cannot be read is said beside it. */
  const add = async (
    exchange: Exchange,
    store: VectorStore,
    id: string,
    attributes: Attributes = {},
  ): Promise<StoreFile> => {
    const file = await files.records.find(id, 'file');
    const path = files.pathOf(file);
    const entry: StoreFile = {
      id,
      created_at: seconds(),
      status: 'in_progress',
      usage_bytes: file.bytes,
      last_error: null,
      attributes,
    };
    const report = await jobs.run({ caller: exchange.caller.id, signal: exchange.signal }, () =>
      engine.documents(brainOf(store), (retrieval) => retrieval.ingest([path], { signal: exchange.signal })),
    );
    const skipped = report.skipped.find((one) => one.path === path);
    entry.status = skipped === undefined ? 'completed' : 'failed';
    if (skipped !== undefined) entry.last_error = { code: 'unsupported_file', message: skipped.reason };
    // The record may have changed while the file was read.
    const now = (await records.get(store.id)) ?? store;
    now.files = [...now.files.filter((other) => other.id !== id), entry];
    now.last_active_at = seconds();
    await records.put(now);
    return entry;
  };

  const fileOf = (store: VectorStore, id: string): StoreFile => {
    const found = store.files.find((file) => file.id === id);
    if (found === undefined) throw notFound(`The vector store has no file ${JSON.stringify(id.slice(0, 100))}.`);
    return found;
  };

  const post = (path: string, handle: Route['handle'], scope: Route['scope'] = 'remember'): Route => ({
    method: 'POST',
    path,
    scope,
    handle,
  });
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, scope: 'chat', handle });
  return [
    post('/v1/vector_stores', async (exchange) => {
      const body = await readBody(
        exchange,
        z.looseObject({
          name: z.string().max(256).optional(),
          file_ids: FILE_IDS.optional(),
          metadata: METADATA.optional(),
        }),
      );
      for (const id of body.file_ids ?? []) await files.records.find(id, 'file');
      const id = records.newId();
      const store: VectorStore = {
        id,
        name: body.name ?? '',
        created_at: seconds(),
        last_active_at: seconds(),
        metadata: body.metadata ?? {},
        files: [],
      };
      await records.put(store);
      for (const file of body.file_ids ?? []) await add(exchange, store, file);
      sendJson(exchange, shown((await records.get(id))!));
    }),
    get('/v1/vector_stores', async (exchange) => {
      const page = pageOf(await records.list(), exchange.query);
      sendJson(exchange, { ...page, data: page.data.map(shown) });
    }),
    get('/v1/vector_stores/:id', async (exchange) => {
      sendJson(exchange, shown(await find(exchange)));
    }),
    post('/v1/vector_stores/:id', async (exchange) => {
      const body = await readBody(
        exchange,
        z.looseObject({ name: z.string().max(256).optional(), metadata: METADATA.optional() }),
      );
      const store = await find(exchange);
      sendJson(
        exchange,
        shown(
          await records.put({ ...store, name: body.name ?? store.name, metadata: body.metadata ?? store.metadata }),
        ),
      );
    }),
    {
      ...{ method: 'DELETE', path: '/v1/vector_stores/:id', scope: 'remember' },
      handle: async (exchange) => {
        const store = await find(exchange);
        await records.remove(store.id);
        await rm(join(engine.home, 'brains', brainOf(store)), { recursive: true, force: true });
        sendJson(exchange, { id: store.id, object: 'vector_store.deleted', deleted: true });
      },
    },
    post('/v1/vector_stores/:id/files', async (exchange) => {
      const body = await readBody(
        exchange,
        z.looseObject({ file_id: z.string().max(128), attributes: ATTRIBUTES.optional() }),
      );
      const store = await find(exchange);
      sendJson(exchange, shownFile(store, await add(exchange, store, body.file_id, body.attributes)));
    }),
    get('/v1/vector_stores/:id/files', async (exchange) => {
      const store = await find(exchange);
      const status = exchange.query.get('filter');
      const page = pageOf(
        store.files.filter((file) => status === null || file.status === status),
        exchange.query,
      );
      sendJson(exchange, { ...page, data: page.data.map((file) => shownFile(store, file)) });
    }),
    get('/v1/vector_stores/:id/files/:file', async (exchange) => {
      const store = await find(exchange);
      sendJson(exchange, shownFile(store, fileOf(store, exchange.params['file']!)));
    }),
    post('/v1/vector_stores/:id/files/:file', async (exchange) => {
      const { attributes } = await readBody(exchange, z.looseObject({ attributes: ATTRIBUTES }));
      const store = await find(exchange);
      const file = fileOf(store, exchange.params['file']!);
      file.attributes = attributes;
      await records.put(store);
      sendJson(exchange, shownFile(store, file));
    }),
    {
      ...{ method: 'DELETE', path: '/v1/vector_stores/:id/files/:file', scope: 'remember' },
      handle: async (exchange) => {
        const store = await find(exchange);
        const { id } = fileOf(store, exchange.params['file']!);
        const record = await files.records.get(id);
        if (record !== undefined) {
          await engine
            .documents(brainOf(store), (retrieval) => retrieval.remove(files.pathOf(record)))
            .catch(() => undefined); // it held nothing
        }
        await records.put({ ...store, files: store.files.filter((file) => file.id !== id) });
        sendJson(exchange, { id, object: 'vector_store.file.deleted', deleted: true });
      },
    },
    post('/v1/vector_stores/:id/file_batches', async (exchange) => {
      const body = await readBody(exchange, z.looseObject({ file_ids: FILE_IDS, attributes: ATTRIBUTES.optional() }));
      const store = await find(exchange);
      const entries: StoreFile[] = [];
      for (const id of body.file_ids) entries.push(await add(exchange, store, id, body.attributes));
      sendJson(exchange, {
        ...{
          id: `vsfb_${store.id.slice(3)}_${seconds()}`,
          object: 'vector_store.files_batch',
          created_at: seconds(),
          vector_store_id: store.id,
        },
        ...{ status: 'completed', file_counts: countsOf(entries) },
      });
    }),
    post(
      '/v1/vector_stores/:id/search',
      async (exchange) => {
        const body = await readBody(exchange, SEARCH);
        const store = await find(exchange);
        const queries = typeof body.query === 'string' ? [body.query] : body.query;
        const most = body.max_num_results ?? 10;
        const byPath = new Map<string, { file: StoreFile; filename: string }>();
        for (const file of store.files) {
          const record = await files.records.get(file.id);
          if (record !== undefined) byPath.set(files.pathOf(record), { file, filename: record.filename });
        }
        const found: FoundPassage[] = [];
        for (const query of queries) {
          found.push(
            ...(await engine.documents(brainOf(store), (retrieval) =>
              retrieval.search(query, { k: 50, signal: exchange.signal }),
            )),
          );
        }
        const least = body.ranking_options?.score_threshold ?? -1;
        const best = new Map<number, FoundPassage>();
        for (const passage of found)
          if (scoreOf(passage) > scoreOf(best.get(passage.id))) best.set(passage.id, passage);
        const data = [...best.values()].flatMap((passage) => {
          const from = byPath.get(passage.source);
          if (from === undefined || scoreOf(passage) < least) return [];
          if (body.filters !== undefined && !passes(from.file.attributes, body.filters)) return [];
          const { file, filename } = from;
          return [
            {
              file_id: file.id,
              filename,
              score: scoreOf(passage),
              attributes: file.attributes,
              content: [{ type: 'text', text: passage.text }],
            },
          ];
        });
        data.sort((a, b) => b.score - a.score);
        sendJson(exchange, {
          ...{ object: 'vector_store.search_results.page', search_query: queries, data: data.slice(0, most) },
          ...{ has_more: data.length > most, next_page: null },
        });
      },
      'chat',
    ),
  ];
}

const seconds = (): number => Math.floor(Date.now() / 1000);

/** Between 0 and 1 in every search. */
const scoreOf = (passage: FoundPassage | undefined): number =>
  passage === undefined ? -1 : Math.min(1, Math.max(0, passage.relevance ?? passage.score));

export function passes(attributes: Attributes, filter: Filter): boolean {
  if ('filters' in filter) {
    const { type, filters } = filter;
    return type === 'and'
      ? filters.every((part) => passes(attributes, part))
      : filters.some((part) => passes(attributes, part));
  }
  const own = Object.hasOwn(attributes, filter.key) ? attributes[filter.key] : undefined;
  const { value } = filter;
  const compared = (test: (a: number | string, b: number | string) => boolean): boolean => {
    const isComparable = typeof own === typeof value && (typeof own === 'number' || typeof own === 'string');
    return isComparable && test(own, value as number | string);
  };
  switch (filter.type) {
    case 'eq':
      return own === value;
    case 'ne':
      return own !== value;
    case 'gt':
      return compared((a, b) => a > b);
    case 'gte':
      return compared((a, b) => a >= b);
    case 'lt':
      return compared((a, b) => a < b);
    case 'lte':
      return compared((a, b) => a <= b);
    case 'in':
    case 'nin': {
      if (!Array.isArray(value)) throw invalid(`A filter ${filter.type} needs a list.`, 'filters');
      return value.includes(own) === (filter.type === 'in');
    }
  }
}

function countsOf(files: readonly StoreFile[]): object {
  const count = (status: StoreFile['status']): number => files.filter((file) => file.status === status).length;
  return {
    in_progress: count('in_progress'),
    completed: count('completed'),
    failed: count('failed'),
    cancelled: 0,
    total: files.length,
  };
}

function shown({
  id,
  name,
  created_at,
  last_active_at,
  metadata,
  files,
}: VectorStore): { id: string } & Record<string, unknown> {
  const usage_bytes = files.reduce((sum, file) => sum + file.usage_bytes, 0);
  return {
    ...{ id, object: 'vector_store', created_at, name, usage_bytes, status: 'completed', file_counts: countsOf(files) },
    ...{ last_active_at, metadata, expires_after: null, expires_at: null },
  };
}

function shownFile(store: VectorStore, file: StoreFile): { id: string } & Record<string, unknown> {
  return { ...file, object: 'vector_store.file', vector_store_id: store.id, chunking_strategy: { type: 'other' } };
}
