import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-kept-'));
});
const chats = (): string => join(home, 'brains', 'default', 'chats');
const chat = (stdin: string, ...options: string[]) => {
  const api = new FakeApi();
  return runCli(['chat', ...options], { api, home, stdin }).then((ran) => ({ ...ran, calls: api.engine.calls }));
};
const asked = (calls: unknown[][]): unknown => calls.filter(([what]) => what === 'chat').at(-1)![1];

describe('a chat that is kept', () => {
  it('is gone on with where it was left: what was said, and the state', async () => {
    const first = await chat('one two\n', '--new', 'ideas');
    expect(first.calls.map(([what]) => what)).toEqual(['chat', 'saveState']);
    const second = await chat('three\n', '--resume', 'ideas');
    expect(second.calls.map(([what]) => what)).toEqual(['restoreState', 'chat', 'saveState']);
    expect(asked(second.calls)).toEqual([
      { role: 'user', content: 'one two' },
      { role: 'assistant', content: 'I know 2 words.' },
      { role: 'user', content: 'three' },
    ]);
    expect(second.stderr).toContain('Resumed "ideas": 2 messages; 128 tokens');
    expect((await chat('', '--resume')).stderr).toContain('Resumed "ideas": 4 messages');
  });

  it('loses nothing but time by a state that is damaged or deleted', async () => {
    await chat('one two\n', '--new', 'ideas');
    writeFileSync(join(chats(), 'ideas', 'state'), 'noise');
    const ran = await chat('three\n', '--resume');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('The saved state is damaged. The conversation is computed again.');
    expect(asked(ran.calls)).toHaveLength(3);
  });

  it('that cannot save its state says so and keeps what was said', async () => {
    const api = new FakeApi();
    api.engine.saveState = () => Promise.reject(new (class extends Error {})('a fault of ours'));
    expect((await runCli(['chat', '--new', 'x'], { api, home, stdin: 'hello\n' })).code).toBe(1);
    expect((await chat('', '--resume', 'x')).stderr).toContain('2 messages');
  });

  it('is not saved again when nothing was said', async () => {
    await chat('hello\n', '--new', 'x');
    expect((await chat('/memories\n', '--resume')).calls.map(([what]) => what)).toEqual(['restoreState']);
  });

  it('begins anew with /clear', async () => {
    await chat('one two\n/clear\nthree\n', '--new', 'x');
    expect(asked((await chat('four\n', '--resume')).calls)).toHaveLength(3);
  });

  it('is listed and removed', async () => {
    await chat('one two\n', '--new', 'ideas');
    const listed = await runCli(['chats', 'list', '--json'], { home });
    expect(listed.json()).toMatchObject([{ name: 'ideas', messages: 2, title: 'one two' }]);
    expect((await runCli(['chats', 'list'], { home })).stdout).toContain('one two');
    expect((await runCli(['chats', 'rm', 'ideas'], { home })).code).toBe(0);
    expect((await runCli(['chats', 'list'], { home })).stdout).toContain('There are none.');
    expect((await runCli(['chats', 'rm', 'ideas'], { home })).code).toBe(1);
  });

  it('keeps no more states than there is room for', async () => {
    await chat('hello\n', '--new', 'a', '--state-limit', '1KB');
    expect(existsSync(join(chats(), 'a', 'state'))).toBe(true);
    await chat('hello\nhello\n', '--new', 'b', '--state-limit', '1KB');
    expect(existsSync(join(chats(), 'b', 'state'))).toBe(false);
    expect(readdirSync(chats())).toEqual(['a', 'b']);
  });
});

describe('a chat that is not kept', () => {
  it('is one through a pipe, unless asked for, and one with --no-save', async () => {
    await chat('hello\n');
    await chat('hello\n', '--no-save');
    expect(existsSync(chats())).toBe(false);
  });

  it('is refused what contradicts itself, and a chat that is not there', async () => {
    expect((await chat('', '--resume', '--new')).code).toBe(2);
    expect((await chat('', '--resume', '--no-save')).code).toBe(2);
    expect((await chat('', '--resume', 'none')).stderr).toContain('There is no chat "none".');
    expect((await chat('', '--overflow', 'drop')).code).toBe(2);
    await chat('hello\n', '--new', 'x');
    expect((await chat('hello\n', '--new', 'x')).stderr).toContain('There is a chat "x" already.');
  });
});
