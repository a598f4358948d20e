// `complete`, and what every command refuses before it loads a model.
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
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
      api.checkAsking = (settings, asking) => {
        checked.push({ isChat: settings.isChat, ...asking });
        return Promise.reject(
          new EngramError('usage', 'Expected a number of at least 0 for temperature but received -1.'),
        );
      };
      const { code, stderr } = await runCli([command, '--temperature', '-1', ...(command === 'chat' ? [] : ['x'])], {
        api,
      });
      expect(code).toBe(2);
      expect(stderr).toContain('for --temperature');
      expect(checked).toMatchObject([{ temperature: -1, isChat: command !== 'complete' }]);
      expect(api.opened).toEqual([]);
    }
  });

  it('in an adapter or a file is told before a model is loaded', async () => {
    for (const argv of [
      ['explain', 'x', '--adapter', 'nope'],
      ['classify', 'x', '--adapter', 'nope'],
    ]) {
      const api = new FakeApi();
      api.checkAsking = (_, asking) =>
        Promise.reject(new EngramError('not_found', `There is no adapter "${String(asking?.adapter)}".`));
      const { code, stderr } = await runCli(argv, { api });
      expect(code).toBe(1);
      expect(stderr).toContain('no adapter "nope"');
      expect(api.opened).toEqual([]);
    }
    const api = new FakeApi();
    const { stderr } = await runCli(['classify', '--adapter', 'a', '--evaluate', '/no/such.jsonl'], { api });
    expect(stderr).toContain('No such file: /no/such.jsonl');
    expect(api.opened).toEqual([]);
  });

  it('of too little memory to memorize is told before a model is loaded', async () => {
    for (const argv of [['memorize', 'The sky is green.'], ['sleep']]) {
      const api = new FakeApi();
      api.checkRoomToMemorize = () => Promise.reject(new EngramError('memory', 'Memorizing needs about 9.0 GB.'));
      const { code, stderr } = await runCli(argv, { api });
      expect(code).toBe(1);
      expect(stderr).toContain('needs about 9.0 GB');
      expect(api.opened).toEqual([]);
    }
  });

  it('that can be worked around is a remark', async () => {
    const api = new FakeApi();
    api.remarkOnModel = () => Promise.resolve('Tiny was made for 256 tokens of context.');
    const { code, stderr } = await runCli(['ask', 'x'], { api });
    expect(code).toBe(0);
    expect(stderr).toContain('made for 256 tokens');
  });
});
