import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GLOBAL, variableOf } from '../../../src/cli/options.js';
import { COMMANDS } from '../../../src/cli/program.js';
import { EngramError } from '../../../src/errors.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('help', () => {
  it('names every command and every global option with its variable', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const { usage } of COMMANDS) expect(stdout).toContain(`  ${usage.split(' ')[0]!}`);
    for (const option of Object.values(GLOBAL)) {
      expect(stdout).toContain(option.flags);
      expect(stdout.replace(/\s+/g, ' ')).toContain(variableOf(option));
    }
  });

  it('shows a command with its options, the global ones and examples', async () => {
    const { code, stdout } = await runCli(['memorize', '--help']);
    expect(code).toBe(0);
    for (const part of ['--question <text>', 'Global Options:', '--brain', 'Examples:']) expect(stdout).toContain(part);
    expect((await runCli(['help', 'models'])).stdout).toContain('pull <name>');
  });

  it('hands everything after bench on, and gives its exit code', async () => {
    const words = ['bench', 'memory', '--kind', 'zsre', '--json', '--help'];
    const { code, stdout, launched } = await runCli(words, { env: { ENGRAM_JSON: '1' } });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(launched[0]!.slice(1)).toEqual(words.slice(1));
    expect(existsSync(launched[0]![0]!)).toBe(true);
    expect((await runCli(['help', 'bench'])).stdout).toContain('engram bench memory');
  });

  it('prints the version', async () => {
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: '1.2.3\n' });
  });

  it('needs nothing heavy: the API is imported only when a command asks for it', async () => {
    const folder = join(import.meta.dirname, '../../../src/cli');
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(join(folder, file), 'utf8');
      expect(source, file).not.toMatch(/^import (?!type)[^;]*'(?:\.\.\/)+index\.js'/m);
    }
    const load = await runCli(['--help'], {
      api: new Proxy(new FakeApi(), { get: () => expect.fail('used') }),
    });
    expect(load.code).toBe(0);
  });
});

describe('mistakes in the command line', () => {
  it.each([
    [['ask', '--thread', '2', 'x'], 'Unknown option', 'Did you mean --threads?'],
    [['memorise', 'x'], 'Unknown command', 'memorize?'],
    [['models', 'lst'], 'Unknown command', 'Did you mean list?'],
    [['train', 'rows.jsonl'], '--adapter', 'engram train --help'],
    [['train'], 'file', 'engram train --help'],
    [['adapters', 'export'], 'name', 'engram adapters export --help'],
    [['ask', '--threads', 'many', 'x'], 'threads', ''],
    [['ask', '--brain', '../x', 'x'], 'name', 'letters'],
    [['ask', '--temperature', 'warm', 'x'], '--temperature', ''],
    [['train', 'f', '--adapter', 'a', '--learning-rate', 'NaN'], '--learning-rate', ''],
    [['train', 'f', '--adapter', 'a', '--layers', '3'], '--layers', '15:29'],
    [['train', 'f', '--adapter', 'a', '--targets', 'q,x'], '--targets', ''],
    [['memorize', '--question', 'x'], '--answer', ''],
    [['memorize', 'text', '--file', 'f'], 'either', ''],
    [['memorize', '--triple', 'a | b'], '--triple', 'Brenn'],
    [['memories', 'undu'], 'Unknown command', 'Did you mean undo?'],
    [['memories', 'extra'], "Unknown command 'extra'.", 'See: engram memories --help'],
    [['memorize', '--bogus', 'x'], 'Unknown option', 'See: engram memorize --help'],
    [['brain', 'rm', 'a', 'b'], 'got 2.', 'See: engram brain rm --help'],
  ])('%j is told, with 2', async (argv, message, hint) => {
    const plain = await runCli(argv);
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toContain(message);
    expect(plain.stderr).toContain(hint);
    expect(plain.stderr).not.toMatch(/ {4}at |\.\.\n/);

    const json = await runCli([...argv, '--json']);
    expect(json.code).toBe(2);
    expect(json.json()).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining(message) as string },
    });
  });

  it('shows what there is where a command is missing', async () => {
    expect(await runCli([])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('memorize') as string,
    });
    expect((await runCli(['--json'])).json()).toMatchObject({ error: { code: 'usage' } });
  });

  it.each(COMMANDS.filter((spec) => 'commands' in spec).map(({ usage }) => usage))('%s alone lists', async (name) => {
    const [alone, listed] = [await runCli([name]), await runCli([name, 'list'])];
    expect(alone).toMatchObject({ code: 0, stdout: listed.stdout });
  });

  it('takes what follows -- as words', async () => {
    const { code, stdout } = await runCli(['ask', '--', '--json', 'is', 'what?']);
    expect(code).toBe(0);
    expect(stdout).toBe('I know 3 words.\n');
  });
});

describe('settings', () => {
  it('reach the API, from the command line before the environment', async () => {
    const api = new FakeApi();
    await runCli(['ask', 'x', '--threads', '3', '--brain', 'mine', '--gpu', 'off', '--context', '512', '--offline'], {
      api,
      env: { ENGRAM_BRAIN: 'other', ENGRAM_MODEL: 'big' },
      home: '/tmp/h',
    });
    expect(api.opened[0]).toMatchObject({
      ...{ home: '/tmp/h', model: 'big', brain: 'mine', threads: 3, contextSize: 512, gpu: false, offline: true },
    });
    expect(api.engine.isClosed).toBe(true);
  });

  it('ENGRAM_JSON asks for JSON even where the command line is wrong', async () => {
    expect((await runCli(['aks'], { env: { ENGRAM_JSON: '1' } })).json()).toMatchObject({ error: { code: 'usage' } });
  });
});

describe('failures', () => {
  const broken = (error: Error): FakeApi => {
    const api = new FakeApi();
    api.engine.ask = () => Promise.reject(error);
    return api;
  };

  it('exit with 1, message and hint on stderr, stack only with --verbose', async () => {
    const api = broken(new EngramError('locked', 'Busy.', { hint: 'Wait.', cause: new Error('deep down') }));
    const plain = await runCli(['ask', 'x'], { api });
    expect(plain).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Busy.\nWait.\n') as string });
    expect(plain.stderr).not.toMatch(/ {4}at |\.\.\n/);
    expect(api.engine.isClosed).toBe(true);
    const verbose = await runCli(['ask', 'x', '--verbose'], { api });
    expect(verbose.stderr).toContain('    at ');
    expect(verbose.stderr).toContain('deep down');
    const json = await runCli(['ask', 'x', '--json'], { api });
    expect(json.json()).toEqual({ error: { code: 'locked', message: 'Busy.', hint: 'Wait.' } });
    expect(json.code).toBe(1);
  });

  it('that nobody expected are called internal', async () => {
    const { code, stderr, json } = await runCli(['ask', 'x', '--json'], { api: broken(new TypeError('oops')) });
    expect(code).toBe(1);
    expect(stderr).toContain('--verbose');
    expect(json()).toMatchObject({ error: { code: 'internal', message: 'oops' } });
  });
});

describe('Ctrl-C', () => {
  it('cancels at first and kills at second', async () => {
    const api = new FakeApi();
    let interrupt: () => void = () => undefined;
    api.engine.memories.add = (_input, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          interrupt();
          reject(new EngramError('cancelled', 'Cancelled.'));
        });
        interrupt();
      });
    const { code, exits, stderr } = await runCli(['memorize', 'x'], { api, onStart: (send) => (interrupt = send) });
    expect(code).toBe(130);
    expect(exits).toEqual([130]);
    expect(stderr).toContain('Stopping…');
    expect(api.engine.isClosed).toBe(true);
  });
});

describe('text', () => {
  it('comes from stdin, or a file', async () => {
    const api = new FakeApi();
    await runCli(['memorize'], { api, stdin: 'from a pipe\n' });
    await runCli(['memorize', '-'], { api, stdin: 'from a dash' });
    const path = join(mkdtempSync(join(tmpdir(), 'engram-cli-')), 'fact.txt');
    writeFileSync(path, 'from a file\n');
    await runCli(['memorize', '--file', path], { api });
    await runCli(['memorize', 'two', 'words'], { api });
    await runCli(['memorize', '--question', 'q?', '--answer', 'a'], { api });
    expect(api.engine.calls.map(([, input]) => input)).toEqual([
      ...['from a pipe', 'from a dash', 'from a file', 'two words'],
      { question: 'q?', answer: 'a' },
    ]);
  });

  it.each([
    [['ask'], '  \n', 'empty', 1],
    [['memorize', '--file', '/no/such/file'], '', 'not_found', 1],
    [['memorize', '--question', ' ', '--answer', 'a'], '', 'empty', 1],
  ])('%j with %j fails as %s', async (argv, stdin, code, exit) => {
    const ran = await runCli([...argv, '--json'], { stdin });
    expect(ran.json()).toMatchObject({ error: { code } });
    expect(ran.code).toBe(exit);
  });

  it('is not waited for in a terminal', async () => {
    expect(await runCli(['ask'], { isTTY: true, stdin: () => undefined })).toMatchObject({ code: 2 });
  });

  it('that is no UTF-8 is refused', async () => {
    const ran = await runCli(['ask', '--json'], { stdin: (stdin) => stdin.end(Buffer.from([0xff, 0xfe, 0x41])) });
    expect(ran.json()).toMatchObject({ error: { code: 'corrupt' } });
  });
});
