// Jobs of fine-tuning: runs of `train` by OpenAI's words, kept on disk. What was queued or running when the server ended goes on
// with the next one, from its last checkpoint where it has one. Not here: routes (jobs.ts).
import { join } from 'node:path';
import { EngramError } from '../../errors.js';
import type { RunControl, RunRecord, TrainEvent, TrainRequest } from '../../index.js';
import type { Context } from '../context.js';
import { HttpError, invalid } from '../errors.js';
import type { Names, TunedModels } from '../names.js';
import { shownName } from '../shown-name.js';
import { Records } from '../records.js';
import type { FileStore } from './files.js';

export interface JobEvent {
  id: string;
  object: 'fine_tuning.job.event';
  created_at: number;
  level: 'info' | 'warn' | 'error';
  message: string;
  type: 'message' | 'metrics';
  data: Record<string, unknown> | null;
}

export interface JobCheckpoint {
  id: string;
  object: 'fine_tuning.job.checkpoint';
  created_at: number;
  fine_tuning_job_id: string;
  fine_tuned_model_checkpoint: string;
  step_number: number;
  metrics: Record<string, number | null>;
  /** Of the file, below the home. */
  path: string;
}

type Auto = number | 'auto';

export interface Job {
  id: string;
  object: 'fine_tuning.job';
  created_at: number;
  finished_at: number | null;
  model: string;
  fine_tuned_model: string | null;
  status: 'validating_files' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  training_file: string;
  validation_file: string | null;
  trained_tokens: number | null;
  hyperparameters: { batch_size: Auto; learning_rate_multiplier: Auto; n_epochs: Auto };
  seed: number;
  suffix: string | null;
  metadata: Record<string, string> | null;
  error: { code: string; message: string; param: string | null } | null;
  /** Ours: who asked, the base model to open, the adapter and the run of `train`. */
  caller: string;
  base: string;
  adapter: string;
  run: string | null;
  paused: boolean;
  events: JobEvent[];
  checkpoints: JobCheckpoint[];
}

type MetricsOf = Extract<TrainEvent, { type: 'metrics' }>;

/** Of the events those that are kept: metrics of long runs are thinned out from the oldest on. */
const MOST_EVENTS = 2000;
/** What `auto` multiplies: train's own rate. */
const LEARNING_RATE = 2e-4;
const SAVE_MS = 1000;
const KEPT_CHECKPOINTS = 4;

export class Tuning implements TunedModels {
  readonly records: Records<Job>;
  readonly #context: Context;
  readonly #names: Names;
  readonly #files: FileStore;
  readonly #running = new Map<string, { stop: AbortController; control: RunControl; done: Promise<void> }>();

  constructor(context: Context, names: Names, files: FileStore) {
    this.#context = context;
    this.#names = names;
    this.#files = files;
    this.records = new Records(context.engine.home, 'jobs', 'ftjob-');
  }

  /** Goes on with what an earlier server left: with what was running before what was in line. */
  async begin(): Promise<void> {
    const left = (await this.records.list()).filter((job) => !isOver(job));
    const isRunning = ({ status }: Job): number => Number(status === 'running');
    for (const job of left.sort((a, b) => isRunning(b) - isRunning(a))) {
      this.#tell(job, 'info', 'The server was started again; the job goes on.');
      this.#start(job);
    }
  }

  async create(asked: {
    model: string;
    training_file: string;
    validation_file?: string | undefined;
    suffix?: string | undefined;
    seed?: number | undefined;
    hyperparameters: Job['hyperparameters'];
    metadata?: Record<string, string> | undefined;
    caller: string;
  }): Promise<Job> {
    const target = await this.#names.target(asked.model);
    if (target.adapter !== undefined)
      throw invalid('An adapter is not fine-tuned further here; name its base model.', 'model');
    for (const id of [asked.training_file, asked.validation_file]) {
      if (id === undefined) continue;
      const file = await this.#files.records.find(id, 'file');
      if (file.purpose !== 'fine-tune') throw invalid(`The file ${id} was not uploaded to fine-tune.`, 'training_file');
    }
    const id = this.records.newId();
    const short = id.slice(-12);
    const job: Job = {
      ...{
        id,
        object: 'fine_tuning.job',
        created_at: seconds(),
        finished_at: null,
        model: shownName(target.model),
        fine_tuned_model: null,
      },
      ...{
        status: 'queued',
        training_file: asked.training_file,
        validation_file: asked.validation_file ?? null,
        trained_tokens: null,
      },
      ...{
        hyperparameters: asked.hyperparameters,
        seed: asked.seed ?? 0,
        suffix: asked.suffix ?? null,
        metadata: asked.metadata ?? null,
      },
      ...{
        error: null,
        caller: asked.caller,
        base: target.model,
        run: null,
        paused: false,
        events: [],
        checkpoints: [],
      },
      adapter: `ft-${(asked.suffix ?? 'job').slice(0, 24)}-${short}`,
    };
    this.#tell(job, 'info', `Created fine-tuning job: ${id}`);
    await this.records.put(job);
    this.#start(job);
    return job;
  }

  async cancel(id: string): Promise<Job> {
    const job = await this.#find(id);
    if (isOver(job))
      throw new HttpError(400, 'invalid_request_error', `The job has ${job.status} already.`, { code: 'job_over' });
    this.#running.get(id)?.stop.abort('cancel');
    await this.#running.get(id)?.done;
    return this.#find(id);
  }

  async pause(id: string): Promise<Job> {
    const job = await this.#find(id);
    const running = this.#running.get(id);
    if (isOver(job) || running === undefined)
      throw new HttpError(400, 'invalid_request_error', `The job has ${job.status} already.`);
    running.control.pause();
    job.paused = true;
    this.#tell(job, 'info', 'The job is paused after the step that it is in.');
    return this.records.put(job);
  }

  async resume(id: string): Promise<Job> {
    const job = await this.#find(id);
    if (!job.paused) throw new HttpError(400, 'invalid_request_error', 'The job is not paused.');
    job.paused = false;
    this.#running.get(id)?.control.resume();
    this.#tell(job, 'info', 'The job goes on.');
    return this.records.put(job);
  }

  /** The server ends: what runs is stopped at a checkpoint, and goes on with the next server. */
  async end(): Promise<void> {
    for (const { stop, control } of this.#running.values()) {
      stop.abort('end');
      control.resume();
    }
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
  }

  /** Tells the events of a job as they come, and undefined when it is over. Returns what ends the listening. */
  listen(id: string, listener: (event: JobEvent | undefined) => void): () => void {
    return this.#context.events.listen((event) => {
      if (event['job'] !== id) return;
      if (event.type === 'job.event') listener(event['event'] as JobEvent);
      else if (event.type !== 'job.running') listener(undefined);
    });
  }

  async adapterOf(name: string): Promise<{ adapter: string; base: string } | undefined> {
    for (const job of await this.records.list()) {
      if (job.fine_tuned_model === name) return { adapter: job.adapter, base: job.base };
      const checkpoint = job.checkpoints.find((one) => one.fine_tuned_model_checkpoint === name);
      if (checkpoint !== undefined)
        return { adapter: join(this.#context.engine.home, checkpoint.path), base: job.base };
    }
    return undefined;
  }

  async list(): Promise<{ name: string; adapter: string; base: string; created: number }[]> {
    return (await this.records.list()).flatMap(({ fine_tuned_model: name, adapter, base, finished_at }) =>
      name === null ? [] : [{ name, adapter, base, created: finished_at ?? 0 }],
    );
  }

  #find(id: string): Promise<Job> {
    return this.records.find(id, 'fine-tuning job');
  }

  #start(job: Job): void {
    const stop = new AbortController();
    const control = new this.#context.engine.api.RunControl();
    if (job.paused) control.pause();
    const done = this.#run(job, stop.signal, control)
      .catch((error: unknown) => {
        this.#context.log({ event: 'job', job: job.id, error: String(error) }); // the disk is full, say
      })
      .finally(() => this.#running.delete(job.id));
    this.#running.set(job.id, { stop, control, done });
  }

  async #run(job: Job, signal: AbortSignal, control: RunControl): Promise<void> {
    const { engine, jobs, events } = this.#context;
    let savedAt = 0;
    const save = (now = false): void => {
      if (!now && Date.now() - savedAt < SAVE_MS) return;
      savedAt = Date.now();
      void this.records.put(job).catch(() => undefined); // is told at the end
    };
    try {
      const report = await jobs.run({ caller: job.caller, signal }, async () => {
        job.status = 'running';
        this.#tell(job, 'info', 'Fine-tuning job started');
        await this.records.put(job);
        events.emit({ type: 'job.running', job: job.id });
        const begun = await this.#runOf(job);
        // The server was killed after the training, before that was noted.
        if (begun?.status === 'done' && begun.result !== undefined) return begun.result;
        const request = begun === undefined ? await this.#request(job) : { resume: begun.id };
        return engine.use({ model: job.base }, signal, (opened) =>
          opened.adapters.train({
            ...request,
            ...{ keepCheckpoints: KEPT_CHECKPOINTS, control, signal },
            onEvent: (event) => {
              this.#note(job, event);
              save(event.type !== 'metrics');
            },
          }),
        );
      });
      job.fine_tuned_model = nameOf(job);
      Object.assign(job, {
        status: 'succeeded',
        trained_tokens: report.trainedTokens,
        finished_at: seconds(),
        paused: false,
      });
      this.#tell(job, 'info', `New fine-tuned model created: ${job.fine_tuned_model}`);
      this.#tell(job, 'info', 'The job has successfully completed');
    } catch (error) {
      if (signal.reason === 'end') return; // goes on with the next server
      const isCancelled = signal.aborted || (error instanceof EngramError && error.code === 'cancelled');
      const code = error instanceof EngramError ? error.code : 'internal';
      const message =
        error instanceof EngramError ? error.message : 'Something went wrong inside engram; its log says more.';
      if (!(error instanceof EngramError))
        this.#context.log({ event: 'job', job: job.id, stack: error instanceof Error ? error.stack : String(error) });
      Object.assign(job, {
        ...{ status: isCancelled ? 'cancelled' : 'failed', finished_at: seconds(), paused: false },
        error: isCancelled
          ? null
          : { code, message, param: ['corrupt', 'empty', 'too_long'].includes(code) ? 'training_file' : null },
      });
      this.#tell(job, isCancelled ? 'info' : 'error', isCancelled ? 'The job was cancelled.' : message);
    }
    await this.records.put(job);
    events.emit({ type: `job.${job.status}`, job: job.id });
  }

  /** The run that an earlier server began: the adapter's name is the job's alone. */
  async #runOf({ adapter }: Job): Promise<RunRecord | undefined> {
    const { adapters } = await this.#context.engine.own();
    return (await adapters.runs()).findLast(({ record }) => record.adapter === adapter)?.record;
  }

  async #request(job: Job): Promise<TrainRequest> {
    const path = async (id: string): Promise<string> => this.#files.pathOf(await this.#files.records.find(id, 'file'));
    const { n_epochs, batch_size, learning_rate_multiplier: rate } = job.hyperparameters;
    return {
      ...{
        file: await path(job.training_file),
        adapter: job.adapter,
        seed: job.seed,
        format: 'jsonl',
      },
      ...(job.validation_file === null ? {} : { validation: await path(job.validation_file) }),
      ...(n_epochs === 'auto' ? {} : { epochs: n_epochs }),
      ...(batch_size === 'auto' ? {} : { batchSize: batch_size }),
      ...(rate === 'auto' ? {} : { learningRate: rate * LEARNING_RATE }),
    };
  }

  #note(job: Job, event: TrainEvent): void {
    switch (event.type) {
      case 'started':
        job.run = event.run;
        return;
      case 'metrics': {
        const what = event.kind === 'step' ? 'training' : event.split;
        this.#tell(
          job,
          'info',
          `Step ${event.step}: ${what} loss=${event.loss.toFixed(4)}`,
          metricsOf(event),
          'metrics',
        );
        return;
      }
      case 'checkpoint': {
        const { step, path } = event;
        const metrics = (job.events.findLast(({ type }) => type === 'metrics')?.data ?? {
          step,
        }) as JobCheckpoint['metrics'];
        const relative = path.slice(this.#context.engine.home.length).replace(/^[\\/]+/, '');
        if (job.checkpoints.some((one) => one.step_number === step)) return;
        job.checkpoints.push({
          ...{
            id: `ftckpt_${job.id.slice(-12)}_${step}`,
            object: 'fine_tuning.job.checkpoint',
            created_at: seconds(),
            fine_tuning_job_id: job.id,
          },
          fine_tuned_model_checkpoint: `${nameOf(job)}:ckpt-step-${step}`,
          ...{ step_number: step, metrics, path: join(relative, 'adapter.gguf') },
        });
        return;
      }
      case 'stopped_early':
        this.#tell(job, 'info', `Stopped early at step ${event.step}.`);
        return;
      case 'paused':
      case 'resumed':
        this.#tell(job, 'info', `The training ${event.type === 'paused' ? 'waits' : 'goes on'} at step ${event.step}.`);
        return;
    }
  }

  #tell(
    job: Job,
    level: JobEvent['level'],
    message: string,
    data: JobEvent['data'] = null,
    type: JobEvent['type'] = 'message',
  ): void {
    const id = `ftevent-${job.id.slice(-12)}-${(job.events.at(-1)?.id.match(/\d+$/)?.map(Number)[0] ?? 0) + 1}`;
    const event: JobEvent = { id, object: 'fine_tuning.job.event', created_at: seconds(), level, message, type, data };
    job.events.push(event);
    if (job.events.length > MOST_EVENTS) job.events.splice(1, 1);
    this.#context.events.emit({ type: 'job.event', job: job.id, event });
  }
}

export function isOver({ status }: Job): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

const nameOf = ({ model, suffix, id }: Job): string => `ft:${model}:engram:${suffix ?? 'job'}:${id.slice(-12)}`;

const seconds = (): number => Math.floor(Date.now() / 1000);

/** A record of a run by OpenAI's words; null is what it does not measure. */
function metricsOf({ kind, split, step, loss, accuracy: share }: MetricsOf): Record<string, number | null> {
  const accuracy = share ?? null;
  const isValidation = split === 'validation';
  const isStep = kind === 'step';
  return {
    step,
    train_loss: isStep ? loss : null,
    train_mean_token_accuracy: isStep ? accuracy : null,
    valid_loss: isValidation ? loss : null,
    valid_mean_token_accuracy: isValidation ? accuracy : null,
    full_valid_loss: isValidation ? loss : null,
    full_valid_mean_token_accuracy: isValidation ? accuracy : null,
  };
}
