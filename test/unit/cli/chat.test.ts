import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { HISTORY_LINES, openHistory } from '../../../src/cli/history.js';
import { EngramError } from '../../../src/errors.js';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** What is typed before somebody reads would come all at once. */
function whenRead(stdin: PassThrough, action: () => void): void {
  if (stdin.listenerCount('data') > 0) action();
  else setTimeout(whenRead, 15, stdin, action);
}

/** Types each text a moment after the one before. */
const typing =
  (...texts: string[]) =>
  (stdin: PassThrough): void => {
    const next = (): void => {
      const text = texts.shift();
      if (text === undefined) return;
      stdin.write(text);
      setTimeout(next, 60);
    };
    whenRead(stdin, next);
  };

describe('chat through a pipe', () => {
  it('answers each line with what was said before', async () => {
    const api = new FakeApi();
    const { code, stdout } = await runCli(['chat'], { api, stdin: 'one two\n\nthree\n' });
    expect(code).toBe(0);
    expect(stdout).toBe('I know 2 words.\nI know 1 words.\n');
    expect(api.engine.calls[1]![1]).toEqual([
      { role: 'user', content: 'one two' },
      { role: 'assistant', content: 'I know 2 words.' },
      { role: 'user', content: 'three' },
    ]);
    expect(api.engine.isClosed).toBe(true);
  });

  it('does the commands', async () => {
    const api = new FakeApi();
    const lines = [
      '/memorize The heron is blue.',
      '/memorize Who runs the kiln? => Mara Voss',
      'The heron is',
      '/memories',
      '/forget heron',
      '/clear',
      '/help',
      '/quit',
      'never asked',
    ];
    const { code, stdout } = await runCli(['chat'], { api, stdin: lines.join('\n') });
    expect(code).toBe(0);
    expect(api.engine.calls.filter(([what]) => what === 'memorize').map(([, input]) => input)).toEqual([
      'The heron is blue.',
      { question: 'Who runs the kiln?', answer: 'Mara Voss' },
    ]);
    for (const part of ['Remembered as m-000000', 'Forgotten: m-000000', 'A new conversation.', '/memorize TEXT']) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain('never asked');
  });

  it('goes on after a mistake and tells it by the exit code', async () => {
    const { code, stdout, stderr } = await runCli(['chat'], { stdin: '/forget owl\n/nonsense\n/memorize\nhello\n' });
    expect(code).toBe(1);
    expect(stderr).toContain('Nothing remembered fits "owl".\n`engram memories` lists');
    expect(stderr).toContain('There is no command /nonsense.');
    expect(stdout).toBe('I know 1 words.\n');
  });

  it('gives all turns as one value with --json', async () => {
    const ran = await runCli(['chat', '--json'], { stdin: 'hello\n/memorize x\n/forget owl\n' });
    expect(ran.json()).toMatchObject({
      turns: [
        { question: 'hello', answer: 'I know 1 words.' },
        { receipt: { id: 'm-000000' } },
        { error: { code: 'not_found' } },
      ],
    });
  });
});

describe('chat in a terminal', () => {
  const chat = (api: FakeApi, home: string, ...texts: string[]) =>
    runCli(['chat'], { api, home, isTTY: true, stdin: typing(...texts) });
  const newHome = (): string => mkdtempSync(join(tmpdir(), 'engram-chat-'));

  it('greets, answers, and leaves with Ctrl-D', async () => {
    const { code, stdout } = await chat(new FakeApi(), newHome(), 'hello\r', CTRL_D);
    expect(code).toBe(0);
    expect(stdout).toContain('brain "default" with 0 memories');
    expect(stdout).toContain('I know 1 words.');
  });

  it('sleeps when nothing was said for so long, and is woken by the next line', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    const ended: string[] = [];
    api.engine.memories.sleep = async ({ signal, passages } = {}) => {
      expect(passages).toBe(true);
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      ended.push('sleep');
      const none = { consolidated: 1, unchanged: 0, mended: 0, lost: 0, passages: { due: [], learned: [] } };
      return { due: [], memories: [], ...none, ended: 'interrupted', seconds: 60 };
    };
    const chatted = api.engine.chat.bind(api.engine);
    api.engine.chat = (messages, options) => {
      ended.push('chat');
      return chatted(messages, options);
    };
    const stdin = (input: PassThrough): void => {
      whenRead(input, () => {
        setTimeout(() => input.write('hello\n'), 300);
        setTimeout(() => input.end(), 400);
      });
    };
    const { code, stderr } = await runCli(['chat', '--sleep-after', '0.0005'], { api, home: newHome(), stdin });
    expect(code).toBe(0);
    expect(ended.slice(0, 2)).toEqual(['sleep', 'chat']);
    expect(stderr).toContain('Slept: 1 consolidated');
    expect((await runCli(['chat', '--sleep-after', '0'], { api, stdin: '' })).code).toBe(2);
  });

  it('leaves with Ctrl-C twice at an empty prompt, and with once throws a line away', async () => {
    const api = new FakeApi();
    const { code, stdout } = await chat(api, newHome(), 'half a line', CTRL_C, CTRL_C, CTRL_C);
    expect(code).toBe(0);
    expect(stdout).toContain('Ctrl-C again');
    expect(api.engine.calls).toEqual([]);
  });

  it('stops an answer with Ctrl-C and goes on', async () => {
    const api = new FakeApi();
    api.engine.isHeld = true;
    const { code, stdout } = await chat(
      api,
      newHome(),
      'hello\r',
      CTRL_C,
      '\r',
      'again\r',
      '\r',
      '\r',
      '\r',
      '\r',
      CTRL_D,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('I know  …');
    expect(api.engine.calls.filter(([what]) => what === 'chat')).toHaveLength(2);
    expect(api.engine.calls[1]![1]).toContainEqual({ role: 'assistant', content: 'I know ' });
  });

  it('stops a training with Ctrl-C and goes on', async () => {
    const api = new FakeApi();
    api.engine.memories.add = (_input, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(new EngramError('cancelled', 'Cancelled.'));
        });
      });
    const { code, stdout, stderr } = await chat(api, newHome(), '/memorize x\r', CTRL_C, 'hello\r', '\r', CTRL_D);
    expect(code).toBe(0);
    expect(stderr).toContain('nothing was changed');
    expect(stdout).toContain('I know 1 words.');
  });

  it('remembers what was typed for the next time', async () => {
    const home = newHome();
    await chat(new FakeApi(), home, 'first\r', 'second\r', CTRL_D);
    expect(readFileSync(join(home, 'chat-history'), 'utf8')).toBe('first\nsecond\n');
    const api = new FakeApi();
    await chat(api, home, '\u001b[A', '\r', CTRL_D);
    expect(api.engine.calls[0]![1]).toEqual([{ role: 'user', content: 'second' }]);
  });
});

describe('the history', () => {
  it('is cut now and then', () => {
    const home = mkdtempSync(join(tmpdir(), 'engram-chat-'));
    const path = join(home, 'chat-history');
    writeFileSync(path, Array.from({ length: 2 * HISTORY_LINES + 1 }, (_, i) => `line ${i}\n`).join(''));
    expect(openHistory(home).lines[0]).toBe(`line ${2 * HISTORY_LINES}`);
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(HISTORY_LINES);
  });

  it('that cannot be written is no failure', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'engram-chat-')), 'file');
    writeFileSync(file, '');
    const history = openHistory(file);
    history.add('x');
    expect(history.lines).toEqual([]);
  });
});
