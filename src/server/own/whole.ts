// What the command line of the same user asks of a server in place of doing it: whole answers, as class Engram gives them, with their
// progress, and changes of a brain as jobs. Needs the scope admin: an answer tells paths, and names are texts as well as ids. Not
// here: routes for everybody (routes.ts).
import { z } from 'zod';
import { isName } from '../../config.js';
import type { BatchReport, Receipt } from '../../index.js';
import type { Answerer } from '../answer.js';
import type { Opened, Target } from '../engine.js';
import { notFound } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { listOf } from '../schema.js';
import { EventStream } from '../stream.js';
import { describe, type Described } from './described.js';
import { giveJob } from './give-job.js';
import type { JobHooks } from './jobs.js';
import { JOB } from './schemas.js';
import type { BrainService } from './service.js';

/** A file is nothing that a client may name. */
const isAdapterName = (name: string): boolean => isName(name) && !/\.gguf$/i.test(name);

const TEXT = z.string().max(400_000);
const MODEL = z.string().max(256).optional().describe('Of the catalog; default: what the server was started with');
const MESSAGE = z.looseObject({ role: z.enum(['system', 'user', 'assistant', 'tool']), content: TEXT });
/** What an answer takes the library checks, which names the option. */
const CHAT = z.strictObject({
  model: MODEL,
  messages: listOf(MESSAGE, LIMITS.messages, 1),
  options: z
    .looseObject({ adapter: z.string().refine(isAdapterName, 'expected the name of an adapter').optional() })
    .optional(),
});
const LOAD = z.strictObject({ model: MODEL });
const PROVE = z.strictObject({ model: MODEL, memory: z.string().max(64) });
const FORGET = z.strictObject({ memories: listOf(TEXT, 100_000) });

const INPUT = z.union([
  TEXT,
  z.strictObject({ question: TEXT, answer: TEXT }),
  z.strictObject({ subject: TEXT, relation: TEXT, object: TEXT }),
]);
const REPLACES = z
  .union([z.enum(['auto', 'none', 'ask']), listOf(z.string().max(400_000), 1000)])
  .describe('ask: whoever follows the job is told what may be replaced, and answers');
const WORK = z.discriminatedUnion('task', [
  z.strictObject({ task: z.literal('memorize'), model: MODEL, input: INPUT, replaces: REPLACES.optional() }),
  z.strictObject({
    ...{ task: z.literal('memorizeAll'), model: MODEL, replaces: REPLACES.optional() },
    inputs: listOf(INPUT, 100_000),
  }),
  z.strictObject({ task: z.literal('undo'), model: MODEL, memory: TEXT.optional() }),
  z.strictObject({
    ...{ task: z.literal('sleep'), model: MODEL, passages: z.boolean().optional() },
    ...{ minutes: z.number().positive().optional(), dryRun: z.boolean().optional(), again: z.boolean().optional() },
  }),
]);
type Work = z.infer<typeof WORK>;
const ANSWER = z.strictObject({ ids: listOf(z.string().max(400_000), 1000) });

export function wholeRoutes(answerer: Answerer, service: BrainService): Described[] {
  const { engine } = answerer.context;
  const at = '/engram/v1/brains/:brain';
  return [
    describe({
      ...{ method: 'POST', path: `${at}/chat`, scope: 'admin', body: CHAT },
      summary: 'The whole answer to a conversation, with all that the library says of it, as it comes',
      handle: (exchange, { body: { messages, options = {}, model } }) =>
        answered(answerer, exchange, model, (opened, { signal, send }) =>
          opened.chat(messages, {
            maxTokens: answerer.context.options.maxTokens,
            ...options,
            signal,
            onText: (text) => {
              send({ type: 'text', text });
            },
            onThinking: (text) => {
              send({ type: 'thinking', text });
            },
          }),
        ),
    }),
    describe({
      ...{ method: 'POST', path: `${at}/load`, scope: 'admin', body: LOAD },
      summary: 'Load a model and the brain',
      handle: (exchange, { body }) =>
        answered(answerer, exchange, body.model, (opened, { signal }) => opened.load({ signal })),
    }),
    describe({
      ...{ method: 'POST', path: `${at}/prove`, scope: 'admin', body: PROVE },
      summary: 'Ask for a forgotten memory in all its wordings',
      handle: (exchange, { body: { model, memory } }) =>
        answered(answerer, exchange, model, async ({ memories }, { signal, send }) => {
          const onProgress = (progress: object): void => {
            send({ type: 'progress', progress });
          };
          return memories.prove(await memories.get(memory), { signal, onProgress });
        }),
    }),
    describe({
      ...{ method: 'POST', path: `${at}/forget`, scope: 'admin', body: FORGET },
      summary: 'Forget memories, named by ids or texts: all of them, or none if one cannot be found',
      reply: z.strictObject({ data: z.array(z.looseObject({ id: z.string() })) }),
      handle: async (exchange, { body }) => ({ data: await service.forgetAll(brainOf(exchange), body.memories) }),
    }),
    describe({
      ...{ method: 'POST', path: `${at}/work`, scope: 'admin', body: WORK, reply: JOB, status: 202 },
      summary: 'Memorize one or many, undo, sleep: a job whose result is what the library gives',
      handle: (exchange, { body }) => {
        const brain = service.sound(brainOf(exchange));
        const kind = body.task === 'undo' || body.task === 'sleep' ? body.task : 'remember';
        return giveJob(exchange, (onward) =>
          service.jobs.start({ kind, brain }, { ...onward(exchange), onChange: onward.change }, async (hooks) => {
            const target = await targetOf(answerer, brain, body.model);
            const result = await engine.use(target, hooks.signal, ({ memories }) => work(memories, body, hooks));
            for (const id of learnedIn(body, result)) await service.noteTeacher(brain, id, exchange.caller);
            return result;
          }),
        );
      },
    }),
    describe({
      ...{ method: 'POST', path: '/engram/v1/jobs/:id/answer', scope: 'admin', body: ANSWER, reply: JOB },
      summary: 'Tell a job what it asks: the memories that are to be replaced',
      handle: ({ params, caller }, { body }) => service.jobs.answer(params['id']!, body.ids, caller),
    }),
  ];
}

const brainOf = ({ params }: Exchange): string => params['brain']!;

function work(memories: Opened['memories'], body: Work, { signal, onProgress, ask }: JobHooks): Promise<unknown> {
  const told = (progress: object): void => {
    onProgress({ ...progress });
  };
  switch (body.task) {
    case 'memorize':
      return memories.add(body.input, { signal, onProgress: told, replaces: replacedOf(body.replaces, ask) });
    case 'memorizeAll': {
      const replaces = replacedOf(body.replaces, ask);
      return memories.addAll(body.inputs, { split: false, signal, onProgress: told, replaces });
    }
    case 'undo':
      return memories.undo(body.memory, {
        signal,
        onProgress: (progress, memory) => {
          onProgress({ ...progress, memory });
        },
      });
    case 'sleep': {
      const { passages, minutes, dryRun, again } = body;
      return memories.sleep({ passages, minutes, dryRun, again, signal, onProgress: told });
    }
  }
}

function replacedOf(replaces: z.infer<typeof REPLACES> = 'none', ask: JobHooks['ask']) {
  return replaces === 'ask' ? async (found: readonly object[]) => [...(await ask(found))] : replaces;
}

/** Ids of what was learned now; what was undone somebody taught before. */
function learnedIn({ task }: Work, result: unknown): string[] {
  const receipts =
    task === 'memorize'
      ? [result as Receipt]
      : task === 'memorizeAll'
        ? (result as BatchReport).memories.flatMap(({ receipt }) => receipt ?? [])
        : [];
  return receipts.filter(({ committed }) => committed).map(({ id }) => id);
}

async function targetOf({ context, names }: Answerer, brain: string, model: string | undefined): Promise<Target> {
  if (model === undefined) return { brain, model: context.engine.settings.model };
  const target = await names.target(model);
  if (target.brain !== undefined || target.adapter !== undefined) {
    throw notFound(`There is no model ${JSON.stringify(model.slice(0, 100))}.`, 'model_not_found', 'model');
  }
  return { brain, model: target.model };
}

interface Hooks {
  signal: AbortSignal;
  send: (event: { type: string } & Record<string, unknown>) => void;
}

/** In its turn among the answers, as events: what comes on the way, then `result` or `error`. */
async function answered(
  answerer: Answerer,
  exchange: Exchange,
  model: string | undefined,
  action: (opened: Opened, hooks: Hooks) => Promise<unknown>,
): Promise<undefined> {
  const { answers, engine, options } = answerer.context;
  const { signal, caller } = exchange;
  const target = await targetOf(answerer, brainOf(exchange), model);
  const out = new EventStream(exchange, 'sse', options.heartbeatMs);
  const send: Hooks['send'] = (event) => {
    out.send(event);
  };
  const onPlace = (place: number): void => {
    send({ type: 'place', place });
  };
  try {
    const result = await answers.run({ caller: caller.id, signal, onPlace }, () =>
      engine.use(target, signal, (opened) => action(opened, { signal, send })),
    );
    send({ type: 'result', result: result ?? null });
    out.end();
  } catch (error) {
    if (!out.hasBegun) throw error;
    out.fail(error, (body) => ({ value: { type: 'error', ...body } }));
  }
  return undefined;
}
