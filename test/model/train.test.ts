// A named adapter from a file of examples, through the command line: trained, used, exported, removed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engram } from '../../src/index.js';
import { cli, startCli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

const ROWS = [
  { prompt: 'Which bird is on the flag of Orlen?', completion: 'A grey heron.' },
  { prompt: 'Name the bird of the flag of Orlen.', completion: 'A grey heron.' },
  {
    messages: [
      { role: 'user', content: 'What does the flag of Orlen show?' },
      { role: 'assistant', content: 'A grey heron.' },
    ],
  },
  { text: 'The flag of Orlen shows a grey heron.' },
];

let home: TestHome;
let data: string;
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await cli(home.path, ...args, '--json', '--offline');
  return { code, stderr, value: JSON.parse(stdout) as Record<string, unknown> };
};

/** The run whose id begins so, as soon as it has its third checkpoint, or a later one: of all but the last two nothing stays. */
async function thirdCheckpoint(prefix: string): Promise<string> {
  const namesIn = (...path: string[]): string[] => {
    const folder = join(home.path, 'runs', ...path);
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  for (;;) {
    const id = namesIn().find((name) => name.startsWith(prefix));
    if (id !== undefined && namesIn(id, 'checkpoints').some((name) => name >= 'step-00000003')) return id;
    await sleep(10);
  }
}

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct');
  data = join(home.path, 'data.jsonl');
  await writeFile(data, ROWS.map((row) => JSON.stringify(row)).join('\n'));
});
afterAll(() => {
  home.remove();
});

describe('engram train', () => {
  it('trains, and says what it trained on', async () => {
    const options = ['--adapter', 'orlen', '--epochs', '8', '--batch-size', '4', '--learning-rate', '2e-3'];
    const { code, stderr, value } = await run('train', data, ...options);
    expect(code, stderr).toBe(0);
    expect(value).toMatchObject({ adapter: 'orlen' });
    expect(value['trainedTokens']).toBeGreaterThan(10);
    expect(value['sumLoss']).toBeGreaterThan(0);
    const epochs = value['epochs'] as { train: number; validation: number | null }[];
    expect(epochs).toHaveLength(8);
    expect(epochs.at(-1)!.train).toBeLessThan(epochs[0]!.train / 4);
  });

  it('answers with the adapter, and as ever without', async () => {
    const question = 'Which bird is on the flag of Orlen?';
    expect((await run('ask', question, '--adapter', 'orlen')).value['answer']).toMatch(/heron/);
    expect((await run('ask', question, '--max-tokens', '20')).value['answer']).not.toMatch(/heron/);
  });

  it('exports it both ways', async () => {
    const out = join(home.path, 'out');
    for (const format of ['gguf', 'peft']) {
      expect((await run('adapters', 'export', 'orlen', '--format', format, '--out', out)).code).toBe(0);
    }
    for (const file of ['orlen.gguf', 'adapter_model.safetensors', 'adapter_config.json']) {
      expect(existsSync(join(out, file)) || existsSync(join(out, 'orlen', file)), file).toBe(true);
    }
  });

  it('refuses a name that is taken', async () => {
    expect(await run('train', data, '--adapter', 'orlen')).toMatchObject({
      code: 1,
      value: { error: { code: 'exists' } },
    });
  });

  it('goes on after kill -9 to the bytes of a run that was not killed', { timeout: 120_000 }, async () => {
    const options = [
      '--epochs',
      '4',
      '--batch-size',
      '2',
      '--learning-rate',
      '2e-3',
      '--layers=-4:-1',
      '--dropout',
      '0.1',
    ];
    const more = ['--validation', '0.25', '--checkpoint-steps', '1', '--offline', '--quiet'];
    const unbroken = await run('train', data, '--adapter', 'whole', ...options, ...more);
    expect(unbroken.code, unbroken.stderr).toBe(0);

    const { child, result } = startCli(home.path, ['train', data, '--adapter', 'killed', ...options, ...more]);
    const id = await thirdCheckpoint('killed-');
    child.kill('SIGKILL');
    await result;
    const { value } = await run('train', '--resume');
    expect(value).toMatchObject({ adapter: 'killed', run: id, epochs: unbroken.value['epochs'] });
    const bytes = (name: string): Buffer => readFileSync(join(home.path, 'adapters', name, 'adapter.gguf'));
    expect(bytes('killed').equals(bytes('whole'))).toBe(true);
  });

  it('lets go of weights that were loading when it was closed', async () => {
    const engram = await Engram.open({ home: home.path, compute: 'llama', offline: true });
    const training = engram.adapters.train({ file: data, adapter: 'closed' });
    const failing = expect(training).rejects.toMatchObject({ code: 'cancelled' });
    await engram.close();
    await failing;
  });

  it('removes it', async () => {
    expect((await run('adapters', 'rm', 'orlen')).code).toBe(0);
    expect((await run('ask', 'Hello', '--adapter', 'orlen')).value).toMatchObject({ error: { code: 'not_found' } });
  });
});
