// `train` and its runs: options, progress, pausing.
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('train', () => {
  it('passes its options on and shows the losses', async () => {
    const api = new FakeApi();
    const flags = ['--epochs', '2', '--learning-rate', '1e-3', '--optimizer', 'sgd', '--schedule', 'cosine'];
    const more = ['--targets', 'q, v', '--layers=-8:-1', '--validation', '0.1', '--warmup', '5'];
    const { code, stdout } = await runCli(['train', 'rows.jsonl', '--adapter', 'tone', ...flags, ...more], { api });
    expect(code).toBe(0);
    expect(stdout).toContain('Trained tone on 27 tokens');
    expect(api.engine.calls[0]![1]).toMatchObject({
      ...{ file: 'rows.jsonl', adapter: 'tone', epochs: 2, learningRate: 1e-3, optimizer: 'sgd', schedule: 'cosine' },
      ...{ targets: ['q', 'v'], layers: [-8, -1], validation: 0.1, warmup: 5 },
    });
  });
});

describe('train, as a run', () => {
  it('opens nothing by itself, so that what is refused loads no model', async () => {
    const api = new FakeApi();
    api.engine.adapters.train = ({ adapter }) =>
      Promise.reject(new EngramError('exists', `There is an adapter "${adapter!}" already.`));
    expect(await runCli(['train', 'f', '--adapter', 'tone'], { api })).toMatchObject({ code: 1 });
    expect(api.opened[0]).toMatchObject({ lazy: true });
  });

  it('takes shares and files for what is only measured', async () => {
    const api = new FakeApi();
    await runCli(['train', 'f', '--adapter', 'a', '--validation', 'held.jsonl', '--test', '0.2', '--patience', '3'], {
      api,
    });
    expect(api.engine.calls[0]![1]).toMatchObject({
      validation: 'held.jsonl',
      test: 0.2,
      patience: 3,
      resume: undefined,
    });
  });

  it('goes on with the latest run, or a named one, and needs no file for it', async () => {
    const api = new FakeApi();
    await runCli(['train', '--resume'], { api });
    await runCli(['train', '--resume', 'tone-1', '--checkpoint-steps', '5'], { api });
    expect(api.engine.calls.map(([, request]) => request)).toMatchObject([
      { resume: true, file: undefined },
      { resume: 'tone-1', checkpointSteps: 5 },
    ]);
  });

  it('says how it went, and what it measured', async () => {
    const { stdout, stderr } = await runCli(['train', 'f', '--adapter', 'a']);
    expect(stderr).toContain('Run tone-1: 9 rows to learn, 1 to validate.');
    expect(stdout).toMatch(/1 +2\.9000 +40% +– +–\nTest: loss 2\.5000, 50% right\./);
  });

  it('prints events as lines of JSON before the report when asked to', async () => {
    const { stdout } = await runCli(['train', 'f', '--adapter', 'a', '--events', '--json']);
    const [first, last] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(first).toMatchObject({ type: 'started', run: 'tone-1' });
    expect(last).toMatchObject({ adapter: 'a', run: 'tone-1' });
    const without = await runCli(['train', 'f', '--adapter', 'a', '--events']);
    expect(without.stdout).not.toContain('{');
  });

  it('pauses at Ctrl-Z and only then stops the process, which goes on where it was', async () => {
    const api = new FakeApi();
    let suspend = (): void => undefined;
    const states: boolean[] = [];
    api.engine.adapters.train = async ({ control, onEvent }) => {
      suspend();
      states.push(control!.paused);
      onEvent?.({ type: 'paused', step: 3 });
      await control!.wait();
      states.push(control!.paused);
      return new FakeApi().engine.adapters.train({ adapter: 'a' });
    };
    const onStart = (_interrupt: () => void, send: () => void): void => void (suspend = send);
    const { code, stderr, suspended } = await runCli(['train', 'f', '--adapter', 'a'], { api, onStart });
    expect({ code, suspended, states }).toEqual({ code: 0, suspended: 1, states: [true, false] });
    expect(stderr).toContain('Pausing after this step');
    expect(stderr).toContain('Paused after step 3, with a checkpoint.');
  });

  it('stops at once at a second Ctrl-Z', async () => {
    const api = new FakeApi();
    let suspend = (): void => undefined;
    api.engine.adapters.train = (request) => {
      suspend();
      suspend();
      return new FakeApi().engine.adapters.train(request);
    };
    const onStart = (_interrupt: () => void, send: () => void): void => void (suspend = send);
    expect((await runCli(['train', 'f', '--adapter', 'a'], { api, onStart })).suspended).toBe(1);
  });
});

describe('runs', () => {
  it('lists them with what became of them, and deletes one', async () => {
    const api = new FakeApi();
    expect((await runCli(['runs', 'list'], { api })).stdout).toBe('There are none.\n');
    expect(await runCli(['runs', 'rm', 'x'], { api })).toMatchObject({ code: 1 });
  });
});

describe('train --ranks, --kind, --rate-b', () => {
  it('pass on what they were given', async () => {
    const api = new FakeApi();
    const flags = ['--ranks', 'v=16, 0-3.*=0', '--kind', 'rslora', '--rate-b', '16'];
    await runCli(['train', 'f', '--adapter', 'a', ...flags], { api });
    expect(api.engine.calls[0]![1]).toMatchObject({ rankPattern: { v: 16, '0-3.*': 0 }, kind: 'rslora', rateB: 16 });
  });

  it.each(['v', 'v=x', '=3', 'v=1=2', ''])('refuses --ranks %j', async (ranks) => {
    expect((await runCli(['train', 'f', '--adapter', 'a', '--ranks', ranks])).code).toBe(2);
  });
});
