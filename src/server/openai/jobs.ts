// /v1/fine_tuning/jobs: create, list, get, events, checkpoints, cancel, pause, resume. Not here: doing them (tuning.ts).
import { z } from 'zod';
import { checkName } from '../../config.js';
import { readBody } from '../body.js';
import { invalid } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { pageOf } from '../records.js';
import { sendJson } from '../reply.js';
import { MODEL, whole } from '../schema.js';
import { EventStream } from '../stream.js';
import { isOver, type Job, type JobCheckpoint, type Tuning } from './tuning.js';

const auto = <T extends z.ZodType>(number: T) => z.union([z.literal('auto'), number]);

const HYPERPARAMETERS = z.looseObject({
  batch_size: auto(whole(1, 256)).optional(),
  learning_rate_multiplier: auto(z.number().gt(0).max(1000)).optional(),
  n_epochs: auto(whole(1, 50)).optional(),
});

const BODY = z.looseObject({
  model: MODEL,
  training_file: z.string().max(128),
  validation_file: z.string().max(128).optional(),
  suffix: z.string().min(1).max(64).optional(),
  seed: whole(0, 2 ** 31 - 1).optional(),
  method: z
    .looseObject({
      type: z.string(),
      supervised: z.looseObject({ hyperparameters: HYPERPARAMETERS.nullish() }).nullish(),
    })
    .optional(),
  hyperparameters: HYPERPARAMETERS.optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).optional(),
  integrations: z.array(z.unknown()).optional(),
});

export function jobRoutes(tuning: Tuning): Route[] {
  const { records } = tuning;
  const find = ({ params }: Exchange): Promise<Job> => records.find(params['id']!, 'fine-tuning job');
  const act = (name: 'cancel' | 'pause' | 'resume'): Route => ({
    ...{ method: 'POST', path: `/v1/fine_tuning/jobs/:id/${name}`, scope: 'admin' },
    handle: async (exchange) => {
      sendJson(exchange, shown(await tuning[name](exchange.params['id']!)));
    },
  });
  return [
    {
      ...{ method: 'POST', path: '/v1/fine_tuning/jobs', scope: 'admin' },
      handle: async (exchange) => {
        const body = await readBody(exchange, BODY);
        const { method, hyperparameters: given = {}, suffix } = body;
        if (method !== undefined && method.type !== 'supervised') {
          throw invalid(
            `The method ${JSON.stringify(method.type.slice(0, 40))} is not known here; there is supervised.`,
            'method',
          );
        }
        if ((body.integrations ?? []).length > 0)
          throw invalid('There are no integrations here: nothing leaves this machine.', 'integrations');
        if (suffix !== undefined) checkName(suffix, 'the suffix');
        const {
          batch_size = 'auto',
          learning_rate_multiplier = 'auto',
          n_epochs = 'auto',
        } = { ...given, ...method?.supervised?.hyperparameters };
        const job = await tuning.create({
          ...{
            model: body.model,
            training_file: body.training_file,
            validation_file: body.validation_file,
            suffix,
            seed: body.seed,
          },
          ...{
            metadata: body.metadata,
            hyperparameters: { batch_size, learning_rate_multiplier, n_epochs },
            caller: exchange.caller.id,
          },
        });
        sendJson(exchange, shown(job));
      },
    },
    {
      ...{ method: 'GET', path: '/v1/fine_tuning/jobs', scope: 'chat' },
      handle: async (exchange) => {
        const page = pageOf(await records.list(), exchange.query);
        sendJson(exchange, { ...page, data: page.data.map(shown) });
      },
    },
    {
      ...{ method: 'GET', path: '/v1/fine_tuning/jobs/:id', scope: 'chat' },
      handle: async (exchange) => {
        sendJson(exchange, shown(await find(exchange)));
      },
    },
    act('cancel'),
    act('pause'),
    act('resume'),
    {
      ...{ method: 'GET', path: '/v1/fine_tuning/jobs/:id/events', scope: 'chat' },
      handle: async (exchange) => {
        const job = await find(exchange);
        if (exchange.query.get('stream') === 'true') await follow(exchange, tuning, job);
        else sendJson(exchange, pageOf(job.events, exchange.query));
      },
    },
    {
      ...{ method: 'GET', path: '/v1/fine_tuning/jobs/:id/checkpoints', scope: 'chat' },
      handle: async (exchange) => {
        const page = pageOf((await find(exchange)).checkpoints, exchange.query, 10);
        sendJson(exchange, { ...page, data: page.data.map(shownCheckpoint) });
      },
    },
  ];
}

/** All events so far and those that come, until the job is over. Ours; OpenAI's clients ask again and again. */
async function follow(exchange: Exchange, tuning: Tuning, job: Job): Promise<void> {
  const out = new EventStream(exchange);
  out.begin();
  for (const event of job.events) out.send(event);
  if (!isOver(job)) {
    await new Promise<void>((resolve) => {
      const stop = tuning.listen(job.id, (event) => {
        if (event === undefined) end();
        else out.send(event);
      });
      const end = (): void => {
        stop();
        resolve();
      };
      exchange.signal.addEventListener('abort', end, { once: true });
    });
  }
  out.end('[DONE]');
}

function shown(job: Job): object {
  const { id, object, created_at, finished_at, model, fine_tuned_model, status, training_file, validation_file } = job;
  const { trained_tokens, hyperparameters, seed, metadata, error, paused, run } = job;
  return {
    ...{
      id,
      object,
      created_at,
      finished_at,
      model,
      fine_tuned_model,
      organization_id: 'engram',
      status,
      training_file,
      validation_file,
    },
    ...{
      result_files: [],
      trained_tokens,
      hyperparameters,
      seed,
      metadata,
      error,
      estimated_finish: null,
      integrations: [],
    },
    method: { type: 'supervised', supervised: { hyperparameters } },
    user_provided_suffix: job.suffix,
    engram: { paused, run, adapter: `adapter:${job.adapter}` },
  };
}

/** Without where its file lies. */
function shownCheckpoint(checkpoint: JobCheckpoint): object {
  const shown: Partial<JobCheckpoint> = { ...checkpoint };
  delete shown.path;
  return shown;
}
