// `engram train --classify`, `engram classify` and `engram plot`: what is asked of the API, and what is said.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasUnicode } from '../../../src/cli/io.js';
import { plotRun } from '../../../src/training/logs/plot.js';
import { reportOf } from '../../../src/training/classify/report.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('train --classify', () => {
  it('asks for rows with labels, and says how well they are told', async () => {
    const api = new FakeApi();
    api.engine.adapters.train = async (request) => {
      const report = reportOf(['ham', 'spam'], [[0], [1], [1]], [[0], [0], [1]]);
      api.engine.calls.push(['train', request]);
      return { ...(await new FakeApi().engine.adapters.train(request)), report };
    };
    const args = ['train', 'f', '--adapter', 'a', '--classify', '--prompt', 'Spam? {text}'];
    const { stdout, code } = await runCli(args, { api });
    expect(code).toBe(0);
    expect(api.engine.calls[0]).toMatchObject(['train', { format: 'labels', prompt: 'Spam? {text}' }]);
    expect(stdout).toMatch(/^ham +0\.500 +1\.000 +0\.667 +1$/m);
    expect(stdout).toMatch(/^weighted average +0\.833 +0\.667 +0\.667 +3$/m);
    expect(stdout).toContain('Accuracy: 0.667 of 3 texts.');
  });

  it('refuses another format beside it', async () => {
    const { code, stderr } = await runCli(['train', 'f', '--adapter', 'a', '--classify', '--format', 'text']);
    expect(code).toBe(2);
    expect(stderr).toContain('--classify');
  });
});

describe('classify', () => {
  it('tells the label of a text with its probability', async () => {
    const api = new FakeApi();
    const { stdout } = await runCli(['classify', '--adapter', 'mails', 'You', 'won'], { api });
    expect(api.engine.calls[0]).toMatchObject(['classify', { adapter: 'mails', texts: ['You won'] }]);
    expect(stdout).toBe('spam (90.0%)\n');
  });

  it('takes each line of stdin as a text where asked to', async () => {
    const args = ['classify', '--adapter', 'mails', '--lines'];
    const { stdout } = await runCli(args, { stdin: 'one\n\n two \n' });
    expect(stdout).toBe('spam (90.0%)\tone\nspam (90.0%)\ttwo\n');
    const { json } = await runCli([...args, '--json'], { stdin: 'one\ntwo' });
    const probabilities = { ham: 0.1, spam: 0.9 };
    expect(json()).toEqual({
      adapter: 'mails',
      predictions: ['one', 'two'].map((text) => ({ text, labels: ['spam'], probabilities })),
    });
  });

  it('measures on a file', async () => {
    const { stdout } = await runCli(['classify', '--adapter', 'mails', '--evaluate', import.meta.filename]);
    expect(stdout).toContain('Accuracy: 0.500 of 2 texts.');
    const { json } = await runCli(['classify', '--adapter', 'mails', '--evaluate', import.meta.filename, '--json']);
    expect(json()).toMatchObject({
      file: import.meta.filename,
      accuracy: 0.5,
      confusion: [
        [0, 1],
        [0, 1],
      ],
    });
  });

  it('needs an adapter, and a text or a file', async () => {
    expect((await runCli(['classify', 'text'])).code).toBe(2);
    expect((await runCli(['classify', 'text', '--adapter', 'a', '--evaluate', import.meta.filename])).code).toBe(2);
    expect((await runCli(['classify', '--adapter', 'a'], { stdin: ' ' })).code).toBe(1);
  });
});

describe('plot', () => {
  let folder: string;
  let api: FakeApi;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'engram-cli-plot-')), 'tone-1');
    mkdirSync(folder);
    const record = (step: number) => ({ kind: 'step', step, epoch: 1, split: 'train', loss: 3 / step, timeMs: 0 });
    writeFileSync(join(folder, 'metrics.jsonl'), [1, 2, 3].map((step) => `${JSON.stringify(record(step))}\n`).join(''));
    api = new FakeApi();
    api.engine.adapters.plot = async (run = 'tone-1', options = {}) => ({ run, ...(await plotRun(folder, options)) });
  });
  afterEach(() => {
    rmSync(join(folder, '..'), { recursive: true });
  });

  it('draws the latest run, and says where the picture is', async () => {
    const { code, stdout, stderr } = await runCli(['plot', '--ascii'], { api });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[\n -~]*\. train +loss by step\n$/);
    expect(stderr).toContain(join(folder, 'loss.svg'));
    expect(readFileSync(join(folder, 'loss.svg'), 'utf8')).toContain('tone-1');
  });

  it('has colours in a terminal only', async () => {
    const env = { LANG: 'C.UTF-8' };
    expect((await runCli(['plot'], { api, env })).stdout).not.toContain('\u001b');
    const { stdout } = await runCli(['plot'], { api, env, isTTY: true });
    expect(stdout).toContain('\u001b[36m');
    expect(stdout).toMatch(/[\u2801-\u28ff]/);
  });

  it('gives the points with --json, and writes the picture where told', async () => {
    const out = join(folder, 'other', 'tone.svg');
    const { json } = await runCli(['plot', 'tone-1', '--json', '--out', out], { api });
    expect(json()).toMatchObject({
      run: 'tone-1',
      svg: out,
      curves: [{ name: 'train', points: [{ step: 1, loss: 3 }, {}, {}] }],
    });
    expect(readFileSync(out, 'utf8')).toContain('</svg>');
  });

  it('says where there is no run', async () => {
    expect((await runCli(['plot'])).stderr).toContain('There is no run');
    expect((await runCli(['plot', 'nothing'])).code).toBe(1);
  });
});

describe('hasUnicode', () => {
  it.each([
    [{}, true],
    [{ LANG: 'en_GB.UTF-8' }, true],
    [{ LANG: 'en_GB.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: '', LC_CTYPE: 'de_DE.utf8' }, true],
    [{ LANG: 'POSIX' }, false],
    [{ TERM: 'linux', LANG: 'C.UTF-8' }, false],
  ])('is by the locale: %j', (env, expected) => {
    expect(hasUnicode(env)).toBe(expected);
  });
});
