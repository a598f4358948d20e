// Errors of the API in the words of the command line.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask } from '../../../src/cli/commands/ask.js';
import { train } from '../../../src/cli/commands/train.js';
import { inFlags } from '../../../src/cli/flags.js';
import { EngramError, wrongOption } from '../../../src/errors.js';
import { checkOptions } from '../../../src/inference/sampling.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

const told = (option: string, spec = train): string =>
  (inFlags(wrongOption(option, 'a number', -1), spec) as EngramError).message;

describe('inFlags', () => {
  it('names the flag of an option', () => {
    expect(told('learningRate')).toBe('Expected a number for --learning-rate but received -1.');
    expect(told('warmupSteps')).toContain('--warmup but');
    expect(told('rankPattern["1-2.v"]')).toContain('--ranks["1-2.v"] but');
    expect(told('xtcProbability', ask)).toContain('--xtc but');
    expect(told('idleUnload', ask)).toContain('--idle-unload but');
    expect(told('contextSize', ask)).toContain('--context but');
  });

  it('says beside another message which flag it is about', () => {
    const error = new EngramError('mismatch', 'The run "a" began with others.', {
      option: 'batchSize',
      hint: 'Go on.',
    });
    expect(inFlags(error, train)).toMatchObject({ message: error.message, hint: 'Go on. It is about --batch-size.' });
  });

  it('leaves alone what is about no option of the command', () => {
    const error = new EngramError('corrupt', 'Expected x for epochs but received y.');
    expect(inFlags(error, train)).toBe(error);
    expect(told('epochs', ask)).toContain(' epochs ');
    const other = new Error('Expected x for epochs but received y.');
    expect(inFlags(other, train)).toBe(other);
  });

  it('keeps hint, details and code', () => {
    const error = wrongOption('epochs', 'a number', 0, { hint: 'h' });
    const { details } = error;
    expect(inFlags(error, train)).toMatchObject({ code: 'usage', option: 'epochs', hint: 'h', details, cause: error });
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
    const { code, stderr } = await runCli(['train', 'f', '--adapter', 'tone', `--${flag}=-1`]);
    expect(stderr).toContain(`for --${flag} but received "-1".`);
    expect(code).toBe(2);
  });

  it('is told with the flag in a chat', async () => {
    const api = new FakeApi();
    api.engine.chat = async () => {
      await Promise.resolve();
      checkOptions({ topP: 7 });
      throw new Error('7 is refused');
    };
    const { stderr } = await runCli(['chat', '--top-p', '0.7'], { api, stdin: 'Hello\n' });
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
