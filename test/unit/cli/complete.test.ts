// `complete`, and what every command refuses before it loads a model.
import { describe, expect, it } from 'vitest';
import { EngramError, wrongOption } from '../../../src/errors.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('complete', () => {
  it('goes on with a text as it stands', async () => {
    const api = new FakeApi();
    const { stdout, code } = await runCli(['complete', '--echo', '--max-tokens', '9', '--adapter', 'tone', 'It was'], {
      api,
    });
    expect({ stdout, code }).toEqual({ stdout: 'It was and so on.\n', code: 0 });
    expect(api.engine.calls[0]).toMatchObject(['complete', 'It was', { maxTokens: 9, adapter: 'tone' }]);
    await runCli(['complete'], { api, stdin: '  Two\n\nlines \n\n' });
    expect(api.engine.calls[1]![1]).toBe('  Two\n\nlines \n');
  });

  it('gives one JSON value, and refuses an empty text', async () => {
    const { json } = await runCli(['complete', '--json', 'x']);
    expect(json()).toMatchObject({ text: ' and so on.', finishReason: 'stop' });
    expect((await runCli(['complete'], { stdin: '\n' })).code).toBe(1);
    expect((await runCli(['complete'], { isTTY: true })).stderr).toContain('There is no text.');
  });

  it('knows no thoughts, passages or tools', async () => {
    for (const flag of ['--thinking', '--passages=2', '--tools=x']) {
      expect((await runCli(['complete', flag, 'x'])).code).toBe(2);
    }
  });
});

describe('a mistake', () => {
  it('is told before a model is loaded', async () => {
    for (const command of ['ask', 'complete', 'chat']) {
      const api = new FakeApi();
      const checked: unknown[] = [];
      api.engine.check = (asking, { raw = false } = {}) => {
        checked.push({ raw, ...asking });
        return Promise.reject(wrongOption('temperature', 'a number of at least 0', -1));
      };
      const { code, stderr } = await runCli([command, '--temperature', '1', ...(command === 'chat' ? [] : ['x'])], {
        api,
      });
      expect(code).toBe(2);
      expect(stderr).toContain('for --temperature');
      expect(checked).toMatchObject([{ temperature: 1, raw: command === 'complete' }]);
      expect(api.engine.calls).toEqual([]);
    }
  });

  it('in an adapter or a file is told before a model is loaded', async () => {
    for (const argv of [
      ['explain', 'x', '--adapter', 'nope'],
      ['classify', 'x', '--adapter', 'nope'],
    ]) {
      const api = new FakeApi();
      api.engine.check = ({ adapter }) =>
        Promise.reject(new EngramError('not_found', `There is no adapter "${String(adapter)}".`));
      const { code, stderr } = await runCli(argv, { api });
      expect(code).toBe(1);
      expect(stderr).toContain('no adapter "nope"');
      expect(api.engine.calls).toEqual([]);
    }
    const api = new FakeApi();
    const { stderr } = await runCli(['classify', '--adapter', 'a', '--evaluate', '/no/such.jsonl'], { api });
    expect(stderr).toContain('No such file: /no/such.jsonl');
    expect(api.opened).toEqual([]);
  });

  it('that can be worked around is a remark', async () => {
    const api = new FakeApi();
    const { code, stderr } = await runCli(['ask', 'x', '--context', '4096', '--model', 'tiny'], { api });
    expect(code).toBe(0);
    expect(stderr).toContain('tiny was made for 2048 tokens of context: it gets these, not 4096.');
    expect((await runCli(['ask', 'x', '--context', '512'], { api })).stderr).not.toContain('was made for');
  });
});
