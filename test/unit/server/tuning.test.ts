import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import type { TrainReport, TrainRequest } from '../../../src/index.js';
import { FakeServerApi, type FakeOpened } from '../../fakes/server-api.js';
import { eventsOf, rawRequest, startServerOver, type TestServer } from '../../support/server.js';

let server: TestServer;
let openai: OpenAI;
let home: string;

const start = async (runs: FakeOpened['begun'] = [], trains?: HeldTraining['train']): Promise<void> => {
  const api = new FakeServerApi();
  api.opened.begun = runs;
  api.opened.trains = trains;
  server = await startServerOver(api, {}, { model: 'tiny', embedder: 'vectors', home });
  openai = new OpenAI({ baseURL: `${server.running.url}/v1`, apiKey: server.running.key, maxRetries: 0 });
};
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'engram-tuning-'));
  await start();
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

const ROWS = [
  '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]}',
  '{"prompt": "a", "completion": "b"}',
  '',
].join('\n');
const upload = (text = ROWS, name = 'rows.jsonl') =>
  toFile(Buffer.from(text), name).then((file) => openai.files.create({ file, purpose: 'fine-tune' }));
const until = async (id: string, status: string): Promise<OpenAI.FineTuning.FineTuningJob> => {
  for (let i = 0; i < 2000; i++) {
    const job = await openai.fineTuning.jobs.retrieve(id);
    if (job.status === status) return job;
    await sleep(5);
  }
  throw new Error(`It is not ${status}.`);
};
const leftovers = (): string[] => readdirSync(join(home, 'server', 'files')).filter((name) => name.endsWith('.tmp'));

describe('files', () => {
  it('are kept under ids of ours, whatever they are called, and read back byte for byte', async () => {
    const file = await upload(ROWS, '../../../etc/passwd.jsonl');
    expect(file).toMatchObject({
      object: 'file',
      bytes: Buffer.byteLength(ROWS),
      purpose: 'fine-tune',
      status: 'processed',
    });
    expect(file.id).toMatch(/^file-[0-9a-f]{24}$/);
    expect(await (await openai.files.content(file.id)).text()).toBe(ROWS);
    expect((await openai.files.list()).data.map(({ id }) => id)).toEqual([file.id]);
    expect((await openai.files.list({ purpose: 'assistants' })).data).toEqual([]);
    expect(readdirSync(home).sort()).toEqual(['server', 'server.json']);
    expect(await openai.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(openai.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
    await expect(openai.files.delete(file.id)).rejects.toMatchObject({ status: 404 });
  });

  it.each([
    ['{"messages": []}', 'Line 2 has no messages'],
    ['{"messages": [{"role": "user", "content": "x"}]}', 'Line 2 has no message of the assistant'],
    ['{"messages": [{"role": "user"}, {"role": "assistant", "content": "x"}]}', 'Line 2 : messages[0] has no content'],
    ['{"a": ', 'Line 2 is not valid JSON'],
    ['[1]', 'Line 2 is not an object'],
  ])('with a bad row are refused by its line: %s', async (row, message) => {
    const first = ROWS.split('\n')[0]!;
    await expect(upload(`${first}\n${row}\n`)).rejects.toMatchObject({
      status: 400,
      param: 'file',
      message: expect.stringContaining(message) as unknown,
    });
    expect(leftovers()).toEqual([]);
    expect((await openai.files.list()).data).toEqual([]);
  });

  it('that are empty, of no purpose, or no form are refused', async () => {
    await expect(upload('')).rejects.toMatchObject({ status: 400 });
    await expect(upload('\n\n')).rejects.toMatchObject({ status: 400, code: 'invalid_training_file' });
    const file = await toFile(Buffer.from('x'), 'x.txt');
    await expect(openai.files.create({ file, purpose: 'world' as 'batch' })).rejects.toMatchObject({
      param: 'purpose',
    });
    expect((await server.post('/v1/files', {})).status).toBe(415);
    expect((await server.post('/v1/files', '--x', { 'content-type': 'multipart/form-data; boundary=x' })).status).toBe(
      400,
    );
    expect(leftovers()).toEqual([]);
  });

  it('that break off in the middle leave nothing', async () => {
    const head = `POST /v1/files HTTP/1.1\r\nhost: localhost:${server.running.port}\r\nauthorization: Bearer ${server.running.key}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 5000\r\n\r\n`;
    await rawRequest(
      server,
      `${head}--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{"text":`,
      200,
    );
    for (let i = 0; i < 100 && leftovers().length > 0; i++) await sleep(10);
    expect(leftovers()).toEqual([]);
    expect((await openai.files.list()).data).toEqual([]);
  });

  it('larger than may be are refused by their length', async () => {
    const head = `POST /v1/files HTTP/1.1\r\nhost: localhost:${server.running.port}\r\nauthorization: Bearer ${server.running.key}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 1073741824\r\n\r\n--x`;
    expect(await rawRequest(server, head)).toMatch(/^HTTP\/1.1 413[^]*512 MiB/);
  });
});

/** A training that goes on until it is told to end. */
class HeldTraining {
  requests: TrainRequest[] = [];
  finish: (report: TrainReport) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  readonly train = (request: TrainRequest): Promise<TrainReport> => {
    this.requests.push(request);
    request.onEvent?.({
      type: 'started',
      run: 'run-1',
      folder: 'x',
      rows: { train: 2, validation: 0, test: 0 },
      step: 0,
    });
    request.onEvent?.({
      type: 'metrics',
      kind: 'step',
      step: 1,
      epoch: 1,
      split: 'train',
      loss: 2.5,
      accuracy: 0.5,
      timeMs: 5,
    });
    request.onEvent?.({
      type: 'checkpoint',
      step: 1,
      path: join(home, 'runs', 'run-1', 'checkpoints', 'step-00000001'),
      best: true,
    });
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
      request.signal?.addEventListener('abort', () => {
        reject(new EngramError('cancelled', 'Cancelled.'));
      });
    });
  };

  report(): TrainReport {
    return {
      ...{
        adapter: 'x',
        run: 'run-1',
        folder: 'x',
        rows: { train: 2, validation: 0, test: 0 },
        trainedTokens: 27,
        sumLoss: 1,
      },
      ...{ best: null, stoppedEarly: false, steps: 1, seconds: 1, test: null, epochs: [] },
    };
  }
}

describe('fine-tuning jobs', () => {
  let held: HeldTraining;
  beforeEach(() => {
    held = new HeldTraining();
    server.api.opened.trains = held.train;
  });
  /** Until its training has begun. */
  const begun = async (training = held): Promise<void> => {
    for (let i = 0; i < 1000 && training.requests.length === 0; i++) await sleep(5);
    expect(training.requests).not.toEqual([]);
  };
  const create = async (more: object = {}) =>
    openai.fineTuning.jobs.create({ model: 'tiny', training_file: (await upload()).id, suffix: 'tone', ...more });

  it('run from a file to a model that answers at once', async () => {
    const method = {
      type: 'supervised' as const,
      supervised: { hyperparameters: { n_epochs: 5, batch_size: 'auto' as const, learning_rate_multiplier: 2 } },
    };
    const job = await create({ method, seed: 3 });
    expect(job).toMatchObject({
      object: 'fine_tuning.job',
      status: expect.stringMatching(/queued|running/) as unknown,
      fine_tuned_model: null,
      result_files: [],
    });
    await until(job.id, 'running');
    await begun();
    expect(held.requests[0]).toMatchObject({ epochs: 5, learningRate: 4e-4, seed: 3, format: 'jsonl' });
    expect(held.requests[0]!.adapter).toMatch(/^ft-tone-/);
    expect(held.requests[0]).not.toHaveProperty('batchSize');
    const { data: checkpoints } = await openai.fineTuning.jobs.checkpoints.list(job.id);
    expect(checkpoints).toMatchObject([
      { object: 'fine_tuning.job.checkpoint', step_number: 1, metrics: { train_loss: 2.5, valid_loss: null } },
    ]);
    expect(checkpoints[0]).not.toHaveProperty('path');
    held.finish(held.report());
    const done = await until(job.id, 'succeeded');
    server.api.opened.trained = [{ name: held.requests[0]!.adapter!, base: 'tiny' }];
    expect(done).toMatchObject({ trained_tokens: 27, error: null });
    expect(done.fine_tuned_model).toMatch(/^ft:tiny:engram:tone:[0-9a-f]{12}$/);
    const ask = (model: string) =>
      openai.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });
    await ask(done.fine_tuned_model!);
    expect(server.api.opened.calls.at(-1)![2]).toMatchObject({ adapter: held.requests[0]!.adapter, memories: false });
    await ask(checkpoints[0]!.fine_tuned_model_checkpoint);
    expect((server.api.opened.calls.at(-1)![2] as { adapter: string }).adapter).toBe(
      join(home, 'runs/run-1/checkpoints/step-00000001/adapter.gguf'),
    );
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain(done.fine_tuned_model);
    const events = (await openai.fineTuning.jobs.listEvents(job.id)).data;
    expect(events[0]!.message).toBe('The job has successfully completed');
    expect(events.find(({ type }) => type === 'metrics')).toMatchObject({
      object: 'fine_tuning.job.event',
      data: { step: 1, train_loss: 2.5, train_mean_token_accuracy: 0.5 },
    });
    const streamed = await eventsOf(await server.get(`/v1/fine_tuning/jobs/${job.id}/events?stream=true`));
    expect(streamed.at(-1)!.data).toBe('[DONE]');
    expect(streamed).toHaveLength(events.length + 1);
  });

  it('are cancelled, also those that wait', async () => {
    const first = await create();
    const second = await create({ suffix: 'two' });
    await begun();
    expect((await openai.fineTuning.jobs.cancel(second.id)).status).toBe('cancelled');
    expect((await openai.fineTuning.jobs.cancel(first.id)).status).toBe('cancelled');
    await expect(openai.fineTuning.jobs.cancel(first.id)).rejects.toMatchObject({ status: 400 });
    expect((await openai.fineTuning.jobs.list()).data.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(held.requests).toHaveLength(1);
  });

  it('pause and go on', async () => {
    const job = await create();
    await begun();
    expect(await openai.fineTuning.jobs.pause(job.id)).toMatchObject({ status: 'running', engram: { paused: true } });
    expect(held.requests[0]!.control!.paused).toBe(true);
    expect(await openai.fineTuning.jobs.resume(job.id)).toMatchObject({ engram: { paused: false } });
    expect(held.requests[0]!.control!.paused).toBe(false);
    await expect(openai.fineTuning.jobs.resume(job.id)).rejects.toMatchObject({ status: 400 });
  });

  it('that fail say why and in which class', async () => {
    const job = await create();
    await begun();
    held.fail(new EngramError('corrupt', 'Line 1 of the rows is damaged.'));
    expect((await until(job.id, 'failed')).error).toEqual({
      code: 'corrupt',
      message: 'Line 1 of the rows is damaged.',
      param: 'training_file',
    });
  });

  it('go on with the next server, however this one ended: from their run, or from the start', async () => {
    const job = await create({ hyperparameters: { n_epochs: 4 } });
    await begun();
    const adapter = held.requests[0]!.adapter!;
    for (const runs of [[], [{ id: 'run-1', adapter, status: 'running' }]]) {
      await server.close();
      const again = new HeldTraining();
      await start(runs, again.train);
      await begun(again);
      if (runs.length === 0) expect(again.requests[0]).toMatchObject({ adapter, epochs: 4 });
      else expect(again.requests[0]).toMatchObject({ resume: 'run-1' });
    }
    await server.close();
    await start([{ id: 'run-1', adapter, status: 'done', result: { trainedTokens: 9 } }]);
    expect(await until(job.id, 'succeeded')).toMatchObject({ trained_tokens: 9 });
  });

  it('are refused where they cannot be', async () => {
    const file = await upload();
    const bad = (more: object) =>
      expect(openai.fineTuning.jobs.create({ model: 'tiny', training_file: file.id, ...more })).rejects;
    await bad({ model: 'gpt-4o' }).toMatchObject({ status: 404, code: 'model_not_found' });
    await bad({ training_file: 'file-nothing' }).toMatchObject({ status: 404 });
    await bad({ training_file: '../../etc/passwd' }).toMatchObject({ status: 404 });
    await bad({ method: { type: 'dpo' } }).toMatchObject({ status: 400, param: 'method' });
    await bad({ suffix: '../x' }).toMatchObject({ status: 400 });
    await bad({ hyperparameters: { n_epochs: 1e9 } }).toMatchObject({ status: 400 });
    await bad({ integrations: [{ type: 'wandb', wandb: { project: 'x' } }] }).toMatchObject({ param: 'integrations' });
    expect((await openai.fineTuning.jobs.list()).data).toEqual([]);
  });
});
