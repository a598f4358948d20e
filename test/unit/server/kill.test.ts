// The server killed in the middle of a job, over an engine without a model in a process of its own: after a restart a training goes on,
// and what was taught is there or not, never by half.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngramClient } from '../../../src/client/index.js';
import { findServer } from '../../../src/server-note.js';

const ROOT = new URL('../../../', import.meta.url);
const PROGRAM = fileURLToPath(new URL('scripts/soak/serve.mjs', ROOT));
const [STEPS, STEP_MS] = [40, 75];
/** Five processes are started. */
const SLOW = { timeout: 120_000 };

let home: string;
let child: ChildProcess | undefined;
let client: EngramClient;
let openai: OpenAI;

async function start(): Promise<void> {
  child = spawn(process.execPath, [PROGRAM, home, `${STEPS}`, `${STEP_MS}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string];
  const { url, key } = JSON.parse(line) as { url: string; key: string };
  client = new EngramClient({ url, key });
  openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
}

async function kill(): Promise<void> {
  const closed = once(child!, 'close');
  child!.kill('SIGKILL');
  await closed;
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'engram-kill-'));
  await start();
});
afterEach(async () => {
  await kill();
  rmSync(home, { recursive: true, force: true });
});

describe.skipIf(process.platform === 'win32' || !existsSync(new URL('dist/server/index.js', ROOT)))(
  'a server that is killed',
  () => {
    it('in the middle of a memory leaves the others, and none by half', SLOW, async () => {
      await client.remember('default', 'The kiln is blue.', { onProgress: () => undefined });
      const steps: unknown[] = [];
      const second = client
        .remember('default', 'The harbour is closed.', { onProgress: ({ progress }) => steps.push(progress?.['step']) })
        .then(
          () => 'done',
          (error: unknown) => error,
        );
      while (!steps.includes(STEPS / 2)) await sleep(5);
      const [, job] = await client.jobs();
      await kill();
      expect(await second).toBeInstanceOf(Error);
      expect(await findServer(home)).toBeUndefined();
      await start();
      expect((await client.memories('default')).data.map(({ text, damaged }) => [text, damaged])).toEqual([
        ['The kiln is blue.', undefined],
      ]);
      await expect(client.job(job!.id)).rejects.toMatchObject({ status: 404 });
      const again = await client.remember('default', 'The harbour is closed.', { onProgress: () => undefined });
      expect(again.status).toBe('done');
      expect((await client.memories('default')).data).toHaveLength(2);
    });

    it('in the middle of fine-tuning goes on with it, from a checkpoint, however often', SLOW, async () => {
      const row = '{"prompt": "a", "completion": "b"}\n';
      const file = await openai.files.create({ file: await toFile(Buffer.from(row), 'a.jsonl'), purpose: 'fine-tune' });
      const { id } = await openai.fineTuning.jobs.create({ model: 'tiny', training_file: file.id, suffix: 'tone' });
      const waiting = await openai.fineTuning.jobs.create({ model: 'tiny', training_file: file.id, suffix: 'next' });
      const steps = async (): Promise<number> =>
        (await openai.fineTuning.jobs.listEvents(id, { limit: 100 })).data.filter(({ type }) => type === 'metrics')
          .length;
      for (const least of [STEPS / 4, STEPS / 2]) {
        while ((await steps()) < least) await sleep(20);
        await kill();
        await start();
      }
      let job = await openai.fineTuning.jobs.retrieve(id);
      while (job.status === 'queued' || job.status === 'running') {
        await sleep(50);
        job = await openai.fineTuning.jobs.retrieve(id);
      }
      expect(job).toMatchObject({
        ...{ status: 'succeeded', error: null, trained_tokens: 9 * STEPS },
        fine_tuned_model: expect.stringMatching(/^ft:tiny:engram:tone:/) as unknown,
      });
      // The one behind it has kept its place.
      expect((await openai.fineTuning.jobs.cancel(waiting.id)).status).toBe('cancelled');
      const [run] = JSON.parse(readFileSync(join(home, 'runs.json'), 'utf8')) as { begunAt: number[] }[];
      expect(run!.begunAt.length).toBeGreaterThan(1);
      for (const at of run!.begunAt.slice(1)) expect(at).toBeGreaterThan(0);
    });
  },
);
