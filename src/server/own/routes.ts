// /engram/v1: brains, memories, documents, jobs, runs, models, settings, events. Not here: doing it (service.ts).
import { z } from 'zod';
import type { Answerer } from '../answer.js';
import { notFound } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { shownName } from '../shown-name.js';
import { pageOf } from '../records.js';
import { sendJson } from '../reply.js';
import { EventStream } from '../stream.js';
import { describe, openApiOf, toRoute } from './described.js';
import { giveJob } from './give-job.js';
import {
  ANSWER,
  ASK,
  BRAIN,
  DOCUMENT,
  EXPLAIN,
  HISTORY,
  JOB,
  MEMORY,
  MODEL_VIEW,
  PASSAGE,
  QUERY,
  RECALLED,
  REMEMBER,
  UNDO,
} from './schemas.js';
import type { BrainService } from './service.js';
import { wholeRoutes } from './whole.js';

const page = <T extends z.ZodType>(item: T) =>
  z.looseObject({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });
const listed = <T extends z.ZodType>(item: T) => z.strictObject({ data: z.array(item) });
const PAGED = {
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  after: z.string().max(64).optional(),
  order: z.enum(['asc', 'desc']).optional(),
};

export function ownRoutes(answerer: Answerer, service: BrainService): Route[] {
  const { context } = answerer;
  const { engine, events } = context;
  const brainOf = ({ params }: Exchange): string => params['brain']!;
  const at = '/engram/v1';
  const routes = [
    describe({
      ...{ method: 'GET', path: `${at}/brains`, scope: 'chat', summary: 'All brains', reply: listed(BRAIN) },
      handle: async () => ({ data: await service.brains() }),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/brains/:brain/memories`,
        scope: 'remember',
        summary: 'Memories, newest first',
        reply: page(MEMORY),
      },
      query: z.looseObject({
        ...PAGED,
        state: z.enum(['remembered', 'superseded', 'forgotten']).optional(),
        query: z.string().max(1000).optional(),
      }),
      handle: async (exchange, { query }) =>
        pageOf([...(await service.memories(brainOf(exchange), query))].reverse(), exchange.query),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/memories`,
        scope: 'remember',
        summary: 'Remember something: a job, or with Accept: text/event-stream its progress',
      },
      ...{ body: REMEMBER, reply: JOB, status: 202 },
      handle: (exchange, { body }) =>
        giveJob(exchange, (onward) => service.remember(brainOf(exchange), body, onward(exchange), onward.change)),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/brains/:brain/memories/:id`,
        scope: 'remember',
        summary: 'One memory',
        reply: MEMORY,
      },
      handle: (exchange) => service.memory(brainOf(exchange), exchange.params['id']!),
    }),
    describe({
      ...{
        method: 'DELETE',
        path: `${at}/brains/:brain/memories/:id`,
        scope: 'remember',
        summary: 'Forget a memory: its weights are deleted; with probe=true it is then asked for',
        reply: MEMORY,
      },
      query: z.looseObject({ probe: z.enum(['true', 'false']).optional() }),
      handle: (exchange, { query }) =>
        service.forget(brainOf(exchange), exchange.params['id']!, exchange, query.probe === 'true'),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/brains/:brain/history`,
        scope: 'remember',
        summary: 'What happened to the brain, or to one memory',
        reply: listed(HISTORY),
      },
      query: z.looseObject({ memory: z.string().max(64).optional() }),
      handle: async (exchange, { query }) => ({ data: await service.history(brainOf(exchange), query.memory) }),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/undo`,
        scope: 'remember',
        summary: 'Take back the last change, that of a memory, or all that one source taught',
      },
      ...{ body: UNDO, reply: JOB, status: 202 },
      handle: (exchange, { body }) =>
        giveJob(exchange, (onward) => service.undo(brainOf(exchange), body, onward(exchange), onward.change)),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/ask`,
        scope: 'chat',
        summary: 'Ask one question',
        body: ASK,
        reply: ANSWER,
      },
      handle: (exchange, { body: { question, ...options } }) =>
        service.ask(brainOf(exchange), question, options, exchange),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/explain`,
        scope: 'remember',
        summary: 'What an answer rests on, and how much likelier each of it makes the answer',
        body: EXPLAIN,
        reply: z.looseObject({ question: z.string(), answer: z.string(), logprob: z.number() }),
      },
      handle: (exchange, { body: { question, answer } }) =>
        service.explain(brainOf(exchange), question, answer, exchange),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/recall`,
        scope: 'remember',
        summary: 'What memories and documents hold about something',
        body: QUERY,
        reply: listed(RECALLED),
      },
      handle: async (exchange, { body }) => ({
        data: await service.recall(brainOf(exchange), body.query, body.k ?? 8, exchange),
      }),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/search`,
        scope: 'remember',
        summary: 'Passages of documents',
        body: QUERY,
        reply: listed(PASSAGE),
      },
      handle: async (exchange, { body }) => ({
        data: await service.search(brainOf(exchange), body.query, body.k ?? 8, exchange),
      }),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/brains/:brain/documents`,
        scope: 'remember',
        summary: 'Documents',
        reply: listed(DOCUMENT),
      },
      handle: async (exchange) => ({ data: await service.documents(brainOf(exchange)) }),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/brains/:brain/documents`,
        scope: 'remember',
        summary: 'Read an uploaded file (POST /v1/files) into the documents',
      },
      ...{ body: z.strictObject({ file_id: z.string().max(128) }), reply: JOB, status: 202 },
      handle: (exchange, { body }) =>
        giveJob(exchange, (onward) => service.ingest(brainOf(exchange), body.file_id, onward(exchange), onward.change)),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/brains/:brain/documents/:id`,
        scope: 'remember',
        summary: 'One document with its text',
        reply: DOCUMENT.extend({ text: z.string() }),
      },
      handle: (exchange) => service.document(brainOf(exchange), exchange.params['id']!, exchange),
    }),
    describe({
      ...{
        method: 'DELETE',
        path: `${at}/brains/:brain/documents/:id`,
        scope: 'remember',
        summary: 'Take a document out',
        reply: z.strictObject({ id: z.string(), removed: z.boolean() }),
      },
      handle: async (exchange) => {
        const id = exchange.params['id']!;
        await service.removeDocument(brainOf(exchange), id);
        return { id, removed: true };
      },
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/jobs`,
        scope: 'chat',
        summary: 'Jobs of this key; of all with the scope admin',
        reply: listed(JOB),
      },
      handle: ({ caller }) => ({ data: service.jobs.list(caller) }),
    }),
    describe({
      ...{ method: 'GET', path: `${at}/jobs/:id`, scope: 'chat', summary: 'One job', reply: JOB },
      handle: ({ params, caller }) => service.jobs.find(params['id']!, caller),
    }),
    describe({
      ...{ method: 'DELETE', path: `${at}/jobs/:id`, scope: 'chat', summary: 'Cancel a job', reply: JOB },
      handle: ({ params, caller }) => service.jobs.cancel(params['id']!, caller),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/jobs/:id/events`,
        scope: 'chat',
        summary: 'The states of a job as they change, until it is over',
      },
      handle: async (exchange) => {
        const { params, caller, signal } = exchange;
        service.jobs.find(params['id']!, caller);
        const out = new EventStream(exchange);
        await service.jobs.follow(
          params['id']!,
          caller,
          (view) => {
            out.send(view, 'job');
          },
          signal,
        );
        out.end();
      },
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/runs`,
        scope: 'chat',
        summary: 'Runs of training',
        reply: listed(z.looseObject({ id: z.string(), status: z.string() })),
      },
      handle: async () => ({ data: (await (await engine.own()).adapters.runs()).map(runView) }),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/runs/:id`,
        scope: 'chat',
        summary: 'One run',
        reply: z.looseObject({ id: z.string(), status: z.string() }),
      },
      handle: async ({ params }) => runView(await (await engine.own()).adapters.run(params['id']!)),
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/models`,
        scope: 'chat',
        summary: 'The catalog, and what of it is installed',
        reply: listed(MODEL_VIEW),
      },
      handle: async () => ({
        data: (await (await engine.own()).models.list()).map(({ entry, installed }) => ({
          ...{
            name: entry.name,
            role: entry.role,
            description: entry.description,
            licence: entry.licence,
            parameters: entry.parameters,
          },
          ...{ installed, bytes: entry.files.reduce((sum, { bytes }) => sum + bytes, 0) },
          loaded: engine.loaded().some(({ model }) => model === entry.name),
        })),
      }),
    }),
    describe({
      ...{
        method: 'POST',
        path: `${at}/models/:name/pull`,
        scope: 'admin',
        summary: 'Fetch a model of the catalog',
        reply: JOB,
        status: 202,
      },
      handle: async (exchange) => {
        const name = exchange.params['name']!;
        const { models } = await engine.own();
        const known = (await models.list()).some(({ entry }) => entry.name === name);
        if (!known)
          throw notFound(`The catalog has no model ${JSON.stringify(name.slice(0, 100))}.`, 'model_not_found');
        return giveJob(exchange, (onward) =>
          service.jobs.start(
            { kind: 'pull' },
            { ...onward(exchange), onChange: onward.change },
            ({ signal, onProgress }) =>
              models
                .pull(name, {
                  signal,
                  onProgress: ({ file, receivedBytes, totalBytes }) => {
                    onProgress({ file, receivedBytes, totalBytes });
                  },
                })
                .then(({ name: pulled, fetched }) => ({ name: pulled, fetched })),
          ),
        );
      },
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/settings`,
        scope: 'chat',
        summary: 'What the server was started with',
        reply: z.looseObject({ model: z.string(), brain: z.string() }),
      },
      handle: () => {
        const { model, embedder, brain, contextSize: size, parallel, threads, offline } = engine.settings;
        const { version, options } = context;
        return {
          ...{
            version,
            model: shownName(model),
            embedder: shownName(embedder),
            brain,
            context: size ?? null,
            parallel: parallel ?? 1,
            threads: threads ?? null,
          },
          ...{ offline, aliases: options.aliases, max_tokens: options.maxTokens ?? null },
        };
      },
    }),
    describe({
      ...{
        method: 'GET',
        path: `${at}/doctor`,
        scope: 'admin',
        summary: 'What is installed and what is wrong',
        reply: z.looseObject({}),
      },
      handle: ({ signal }) => {
        const { home, model, embedder, brain, threads, contextSize, gpu, offline } = engine.settings;
        return engine.api.doctor({ home, model, embedder, brain, threads, contextSize, gpu, offline, signal });
      },
    }),
    describe({
      ...{ method: 'GET', path: `${at}/events`, scope: 'remember', summary: 'Everything that changes, as it does' },
      handle: async (exchange) => {
        const out = new EventStream(exchange, 'sse', context.options.heartbeatMs);
        out.begin();
        out.comment('listening');
        const stop = events.listen((event) => {
          out.send(event, event.type);
        });
        await untilAborted(exchange.signal, context.closing);
        stop();
        out.end();
      },
    }),
    ...wholeRoutes(answerer, service),
  ];
  return [
    ...routes.map(toRoute),
    {
      ...{ method: 'GET', path: `${at}/openapi.json`, scope: 'chat' },
      handle: (exchange) => {
        sendJson(exchange, openApiOf(routes, context.version));
      },
    },
  ];
}

function untilAborted(...signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of signals) signal.removeEventListener('abort', stop);
      resolve();
    };
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', stop);
    }
  });
}

function runView({
  record,
  active,
  resumable,
}: {
  record: {
    id: string;
    adapter: string;
    status: string;
    createdAt: string;
    endedAt?: string | undefined;
    model: { name: string };
    result?: unknown;
    error?: unknown;
  };
  active: boolean;
  resumable: boolean;
}) {
  const { id, adapter, status, createdAt, endedAt, model, result, error } = record;
  return { id, adapter, status, createdAt, endedAt, model: shownName(model.name), active, resumable, result, error };
}
