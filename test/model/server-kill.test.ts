// `engram serve` killed with the real model in the middle of a memory and of a fine-tuning job; and the command line, which asks the
// server where it runs and works alone where it was killed.
/* eslint-disable @typescript-eslint/no-deprecated -- clients still send it */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngramClient } from '../../src/client/index.js';
import type { Answered, Memory } from '../../src/index.js';
import { findServer } from '../../src/server-note.js';
import { cli, startCli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

const MODEL = 'smollm2-135m-instruct';
const FACT = 'Odile Marsh keeps the bees of Tarn Hill.';
const ASKED = 'Who keeps the bees of Tarn Hill?';

let home: TestHome;
let child: ChildProcess;
let gone: Promise<unknown>;
let client: EngramClient;
let openai: OpenAI;

async function start(): Promise<void> {
  const started = startCli(home.path, ['serve', '--port', '0', '--offline', '--quiet']);
  ({ child, result: gone } = started);
  for (;;) {
    const note = await findServer(home.path);
    if (note !== undefined) {
      client = new EngramClient(note);
      openai = new OpenAI({ baseURL: `${note.url}/v1`, apiKey: note.key, maxRetries: 0 });
      return;
    }
    if (child.exitCode !== null) throw new Error(JSON.stringify(await gone));
    await sleep(50);
  }
}

async function kill(): Promise<void> {
  child.kill('SIGKILL');
  await gone;
}

const ask = async (...flags: string[]) => {
  const { stdout, stderr, code } = await cli(
    home.path,
    'ask',
    '--offline',
    '--json',
    '--max-tokens',
    '16',
    ...flags,
    ASKED,
  );
  expect(code, stderr).toBe(0);
  return { answer: JSON.parse(stdout) as Answered, stderr };
};

beforeAll(async () => {
  home = await testHome(MODEL, 'all-minilm-l6-v2');
  await start();
});
afterAll(async () => {
  await kill();
  home.remove();
});

describe.skipIf(process.platform === 'win32')('a server over the real model', () => {
  it('gives the command line the answer that it would give alone', async () => {
    const over = await ask();
    const alone = await ask('--alone');
    expect(over.stderr).toContain('Asking the server at');
    expect(alone.stderr).not.toContain('server');
    const without = (answer: Answered): object => ({ ...answer, seconds: 0, reusedTokens: 0 });
    expect(without(over.answer)).toEqual(without(alone.answer));
  });

  it('killed while it learns has learned nothing, or all of it; and the command line then learns alone', async () => {
    let isTraining = false as boolean; // set by what is called back
    const learned = client
      .remember('default', FACT, { onProgress: ({ progress }) => (isTraining ||= progress?.['phase'] === 'train') })
      .catch(() => undefined);
    while (!isTraining) await sleep(5);
    await kill();
    await learned;
    const list = async () => JSON.parse((await cli(home.path, 'memories', '--json')).stdout) as Memory[];
    for (const memory of await list()) expect(memory).not.toHaveProperty('damaged');
    const before = (await list()).length;
    const again = await cli(home.path, 'memorize', '--offline', '--json', FACT);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).not.toContain('Asking the server');
    if (before === 0) expect(await list()).toMatchObject([{ text: FACT, state: 'remembered' }]);
    await start();
    expect((await ask()).answer).toMatchObject({
      source: 'weights',
      answer: expect.stringContaining('Odile Marsh') as unknown,
    });
  });

  it('killed while it fine-tunes goes on with the job when it is started again', async () => {
    const row = JSON.stringify({ prompt: 'Say the word.', completion: 'Xylophone.' });
    const file = await openai.files.create({
      file: await toFile(Buffer.from(`${row}\n`), 'a.jsonl'),
      purpose: 'fine-tune',
    });
    const { id } = await openai.fineTuning.jobs.create({
      ...{ model: MODEL, training_file: file.id, suffix: 'word' },
      hyperparameters: { n_epochs: 12, batch_size: 1, learning_rate_multiplier: 5 },
    });
    const metrics = async () =>
      (await openai.fineTuning.jobs.listEvents(id, { limit: 100 })).data.filter(({ type }) => type === 'metrics');
    while ((await metrics()).length < 4) await sleep(20);
    await kill();
    await start();
    let job = await openai.fineTuning.jobs.retrieve(id);
    while (job.status === 'queued' || job.status === 'running') {
      await sleep(100);
      job = await openai.fineTuning.jobs.retrieve(id);
    }
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    const { data: events } = await openai.fineTuning.jobs.listEvents(id, { limit: 100 });
    expect(events.map(({ message }) => message)).toContain('The server was started again; the job goes on.');
    const messages = [{ role: 'user' as const, content: 'Say the word.' }];
    const said = await openai.chat.completions.create({ model: job.fine_tuned_model!, messages, max_tokens: 8 });
    expect(said.choices[0]!.message.content).toContain('Xylophone');
  });
});
