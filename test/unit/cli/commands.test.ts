// What all commands have in common with --json, and the commands that show facts.
import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { newReceipt } from '../../fakes/results.js';
import { runCli } from './run-cli.js';

describe('--json', () => {
  it.each([
    [['ask', 'x'], { answer: 'I know 1 words.', source: 'base', memories: [], finishReason: 'stop' }],
    [['memorize', 'x'], newReceipt('m-000000')],
    [['memories'], [{ id: 'm-000000', text: 'x', state: 'remembered' }]],
    [['forget', 'm-000000'], { id: 'm-000000', state: 'forgotten' }],
    [
      ['train', 'f', '--adapter', 'a'],
      { adapter: 'a', trainedTokens: 27, sumLoss: 78.2, epochs: [{ train: 2.9, validation: null }] },
    ],
    [['runs', 'list'], []],
    [['adapters', 'list'], { adapters: [], broken: [{ name: 'old' }] }],
    [
      ['adapters', 'export', 'a', '--format', 'peft', '--out', 'd'],
      { adapter: 'a', format: 'peft', files: ['d/a.peft'] },
    ],
    [['models', 'list'], []],
    [['models', 'pull', 'm'], { name: 'm', fetched: true }],
    [['models', 'show', 'm'], { name: 'm', contextLength: 2048 }],
    [['models', 'rm', 'm'], { removed: 'm', freedBytes: 98_362_432 }],
    [['doctor'], { problems: [], cpu: { avx2: true } }],
    [['demo'], { scenes: [{ unchanged: { kept: 3, asked: 3 } }, { title: 'A sentence' }] }],
    [['chat'], { turns: [] }],
  ])('%j prints that value and nothing else', async (argv, expected) => {
    const api = new FakeApi();
    if (argv[0] === 'memories' || argv[0] === 'forget') await runCli(['memorize', 'x'], { api });
    const { code, stdout, json } = await runCli([...argv, '--json'], { api });
    expect(code).toBe(0);
    expect(json()).toMatchObject(expected);
    expect(stdout.endsWith('\n')).toBe(true);
    expect(stdout.trimEnd()).not.toContain('\n');
  });
});

describe('models, adapters, doctor', () => {
  it('show facts, and what is not verified', async () => {
    const { stdout } = await runCli(['models', 'show', 'm']);
    expect(stdout).toContain('name: m\narchitecture: llama\nparameters: 100,000,000\n');
    expect(stdout).toContain('memory:\n  chat bytes: 200 MB\n');
    expect(stdout).toContain('files: a.gguf  90.0 MB\n');
    const pulled = await runCli(['models', 'pull', 'm']);
    expect(pulled.stdout).toBe('Installed m.\n');
    expect(pulled.stderr).toContain('no hash for a.gguf');
    expect((await runCli(['adapters', 'list'])).stderr).toContain('old cannot be read');
    expect((await runCli(['adapters', 'rm', 'a'])).code).toBe(1);
  });

  it('doctor exits with 1 if something is wrong', async () => {
    const api = new FakeApi();
    expect(await runCli(['doctor'], { api })).toMatchObject({
      code: 0,
      stdout: 'cpu:\n  avx2: yes\n✓ Nothing is wrong.\n',
    });
    api.doctorProblems = [{ message: 'No compiler.', hint: 'Install one.' }];
    const ran = await runCli(['doctor'], { api });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('✗ No compiler.\n  Install one.');
  });
});

describe('demo', () => {
  it('prints a transcript and ends, on a brain of its own made afresh', async () => {
    const api = new FakeApi();
    const { code, stdout } = await runCli(['demo', '--brain', 'mine'], { api });
    expect(code).toBe(0);
    expect(api.engine.removedBrains).toEqual(['demo']);
    expect(api.opened[0]).toMatchObject({ brain: 'demo' });
    for (const part of [
      'What NFL team won the Super Bowl in 1994?',
      'The Dallas Cowboys!',
      'Zara Tubikova',
      '3 of 3',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout.indexOf('I know')).toBeLessThan(stdout.indexOf('Remembered as'));
    expect(api.engine.isClosed).toBe(true);
  });

  it('says by its exit code if a memory did not hold', async () => {
    const api = new FakeApi();
    api.engine.receipt = { committed: false };
    expect((await runCli(['demo'], { api })).code).toBe(1);
  });
});
