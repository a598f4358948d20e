// Errors of the API in the words of the command line.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask } from '../../../src/cli/commands/ask.js';
import { train } from '../../../src/cli/commands/train.js';
import { inFlags } from '../../../src/cli/flags.js';
import { EngramError, type ErrorCode } from '../../../src/errors.js';
import { checkOptions } from '../../../src/inference/sampling.js';
import { checkTrainRequest, type TrainRequest } from '../../../src/training/index.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

const told = (message: string, spec = train, code: ErrorCode = 'usage'): unknown =>
  (inFlags(new EngramError(code, message), spec) as EngramError).message;

describe('inFlags', () => {
  it('names the flag of an option', () => {
    expect(told('Expected a number above 0 for learningRate but received -1.')).toBe(
      'Expected a number above 0 for --learning-rate but received -1.',
    );
    expect(told('Expected a number from 0 to 9 for warmupSteps but received 10.')).toContain('--warmup but');
    expect(told('Expected a number for rankPattern["1-2.v"] but received 0.')).toContain('--ranks["1-2.v"] but');
    expect(told('Expected a number from 0 to 1 for xtcProbability but received 2.', ask)).toContain('--xtc but');
    expect(told('Expected seconds for idleUnload but received 1e9.', ask)).toContain('--idle-unload but');
  });

  it('names those of a run that goes on with others', () => {
    expect(
      told('The run "a" began with other options: batchSize was 4 and is 2; optimizer was "adamw".', train, 'mismatch'),
    ).toBe('The run "a" began with other options: --batch-size was 4 and is 2; --optimizer was "adamw".');
  });

  it('leaves alone what is no option, and errors of other kinds', () => {
    for (const text of ['Expected a name for the adapter but received "".', 'Nothing for prompt here.']) {
      expect(told(text)).toBe(text);
    }
    expect(told('Expected x for epochs but received y.', train, 'corrupt')).toContain(' epochs ');
    const error = new Error('Expected x for epochs but received y.');
    expect(inFlags(error, train)).toBe(error);
  });

  it('keeps hint, details and code', () => {
    const error = new EngramError('usage', 'Expected 1 for epochs but received 0.', { hint: 'h', details: { a: 1 } });
    expect(inFlags(error, train)).toMatchObject({ code: 'usage', hint: 'h', details: { a: 1 }, cause: error });
  });
});

describe('a value that the API refuses', () => {
  const NUMBERS = [
    'epochs',
    'batch-size',
    'accumulate',
    'learning-rate',
    'warmup',
    'rank',
    'alpha',
    'min-delta',
    'length',
  ];
  it.each(NUMBERS)('is told with the flag --%s of train', async (flag) => {
    const api = new FakeApi();
    api.checkTrainRequest = (home: string, request: TrainRequest) =>
      checkTrainRequest(home, { ...request, file: import.meta.filename });
    const { code, stderr } = await runCli(['train', 'f', '--adapter', 'tone', `--${flag}=-1`], { api });
    expect(stderr).toContain(`for --${flag} but received -1.`);
    expect(code).toBe(2);
  });

  it('is told with the flag in a chat', async () => {
    const api = new FakeApi();
    api.engine.chat = async (_messages, options) => {
      await Promise.resolve();
      checkOptions({ topP: options!.topP! });
      throw new Error('7 is refused');
    };
    const { stderr } = await runCli(['chat', '--top-p', '7'], { api, stdin: 'Hello\n' });
    expect(stderr).toContain('for --top-p but received 7.');
  });

  it('is told with the flags where it is tools beside a form', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'engram-flags-')), 'tools.json');
    writeFileSync(file, '[{"name": "look"}]');
    const words = ['ask', '--tools', file, '--schema', '{}', 'Who?'];
    const { code, stderr } = await runCli(words);
    expect(code).toBe(2);
    expect(stderr).toContain('(--schema, --grammar)');
    expect(await runCli([...words, '--tool-choice', 'none'])).toMatchObject({ code: 0 });
  });
});
