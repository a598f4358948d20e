import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { findServer, readNote, serverFile } from '../../../src/server-note.js';
import { FakeApi } from '../../fakes/api.js';
import { startServer, type TestServer } from '../../support/server.js';
import { runCli, type Ran, type RunOptions } from './run-cli.js';

let home: string;
let server: TestServer;
let api: FakeApi;

/** What lies in files is the same for both: the engine here and that of the server hold the same memories. */
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'engram-served-'));
  server = await startServer(
    { heartbeatMs: 50 },
    { home, model: 'smollm2-135m-instruct', embedder: 'all-minilm-l6-v2' },
  );
  api = new FakeApi();
  Object.assign(api.engine.memories, {
    list: server.api.opened.memories.list,
    get: server.api.opened.memories.get,
    history: server.api.opened.memories.history,
  });
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

const run = (argv: string[], options: RunOptions = {}): Promise<Ran> => runCli(argv, { home, api, ...options });
const calls = (engine: { calls: unknown[][] }, what: string): unknown[][] =>
  engine.calls.filter(([name]) => name === what);
const ASKING = /^(?:Loading .*\n)?Asking the server at http:\/\/127\.0\.0\.1:\d+ \(--alone: without it\)\.\n/;

/** What one engine is told by a command over the server, and what it would have been told alone, with what is printed. */
async function both(argv: string[], options: RunOptions = {}): Promise<{ over: Ran; alone: Ran }> {
  const over = await run(argv, options);
  const other = new FakeApi();
  const alone = await runCli([...argv, '--alone'], { home, api: other, ...options });
  expect(over.stderr).toMatch(ASKING);
  expect(alone.stderr).not.toContain('server');
  return { over, alone };
}

describe('commands where a server runs in the home', () => {
  it('ask it, say so once on stderr, and print what they would print alone', async () => {
    for (const argv of [
      ['ask', 'one two three'],
      ['ask', '--json', 'one two three'],
      ['memorize', 'The harbour is closed.'],
    ]) {
      const { over, alone } = await both(argv);
      const same = (text: string): string => text.replace(/"tokens":\d+/, '').replace(/[\d.]+ s\b/g, '');
      expect(same(over.stdout), argv.join(' ')).toBe(same(alone.stdout));
      expect(over.code).toBe(alone.code);
    }
    expect(api.engine.calls).toEqual([]);
    expect(calls(server.api.opened, 'chat')).toHaveLength(2);
    expect(server.api.opened.held).toMatchObject([{ text: 'The harbour is closed.' }]);
  });

  it('pass on every option of an answer', async () => {
    const schema = '{"type":"object","properties":{"city":{"type":"string"}}}';
    await run([
      'ask',
      '--temperature',
      '0.5',
      '--seed',
      '7',
      '--stop',
      'x',
      '--passages',
      '0',
      '--schema',
      schema,
      '--max-tokens',
      '9',
      'a?',
    ]);
    expect(calls(server.api.opened, 'chat')[0]![2]).toMatchObject({
      ...{ temperature: 0.5, seed: 7, stop: ['x'], passages: 0, maxTokens: 9 },
      jsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
    });
  });

  it('stream an answer as it comes, and leave what was said when it is broken off', async () => {
    server.api.opened.delayMs = 400;
    const { code, stdout } = await run(['ask', 'one two three'], {
      onStart: (interrupt) => void server.api.begun().then(() => setTimeout(interrupt, 1000)),
    });
    expect(code).toBe(130);
    expect(stdout).toMatch(/^I (know )?/);
    expect(stdout).not.toContain('words');
  });

  it('hold a conversation with memories, and keep it as alone', async () => {
    const { stdout, code } = await run(['chat', '--new', 'day'], {
      stdin: '/memorize The kiln is blue.\nThe kiln is what?\n/forget The kiln is blue.\n/memories\n',
    });
    expect(code).toBe(0);
    expect(stdout).toContain('The kiln is blue.\n');
    expect(stdout).toMatch(/Forgotten: m-000000/);
    expect(stdout).toContain('Nothing is remembered yet.');
    expect(api.engine.calls).toEqual([]);
    const transcript = readFileSync(join(home, 'brains/default/chats/day/transcript.jsonl'), 'utf8');
    expect(transcript).toContain('The kiln is what?');
    const resumed = await run(['chat', '--resume', 'day'], { stdin: 'And now?\n' });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(calls(server.api.opened, 'chat').at(-1)![1]).toHaveLength(3);
  });

  it('learn with progress, forget with proof, undo', async () => {
    const learned = await run(['memorize', '--question', 'Who runs the kiln?', '--answer', 'Mara Voss']);
    expect(learned.code, learned.stderr).toBe(0);
    expect(learned.stderr).toMatch(/Training/);
    const forgotten = await run(['forget', '--json', 'Mara']);
    expect(forgotten.json()).toMatchObject({ id: 'm-000000', state: 'forgotten', proof: { asked: 8, recalled: 0 } });
    const undone = await run(['memories', 'undo', '--json']);
    expect(undone.json()).toMatchObject([
      { memory: { id: 'm-000000', state: 'remembered' }, receipt: { committed: true } },
    ]);
    expect(api.engine.calls).toEqual([]);
  });

  it('learn many as one job, with its report', async () => {
    const notes = join(home, 'notes.jsonl');
    writeFileSync(notes, '{"text": "The kiln is blue."}\n{"text": "The harbour is closed."}\n');
    const { code, json } = await run(['memorize', '--file', notes, '--json']);
    expect(code).toBe(0);
    expect(json()).toMatchObject({ committed: 2, failed: 0, memories: [{ receipt: { committed: true } }, {}] });
  });

  it('are asked what a memory replaces, at a terminal', async () => {
    server.api.opened.contradicted = [{ id: 'm-0000aa', text: 'Ana Roy runs the kiln.', score: 0.9 }];
    const { stderr, code } = await run(['memorize', 'Mara Voss runs the kiln.'], {
      isTTY: true,
      stdin: (stdin) => {
        setTimeout(() => stdin.write('y\n'), 300);
      },
    });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Ana Roy runs the kiln.');
    expect(server.api.opened.replaced).toEqual([['m-0000aa']]);
  });

  it('keep code, hint and exit code of an error', async () => {
    server.api.opened.fault = new EngramError('too_long', 'The context has 2048 tokens.', {
      hint: 'Shorten it.',
      option: 'maxTokens',
    });
    const { code, json, stderr } = await run(['ask', '--json', 'x']);
    expect(code).toBe(1);
    expect(json()).toMatchObject({
      error: {
        code: 'too_long',
        message: 'The context has 2048 tokens.',
        hint: expect.stringContaining('Shorten it.') as unknown,
      },
    });
    expect(stderr).toContain('Shorten it.');
    expect((await run(['forget', '--json', 'nothing of the kind'])).json()).toMatchObject({
      error: { code: 'not_found' },
    });
    expect((await run(['ask', '   '])).code).toBe(1);
  });

  it('cancelled by Ctrl-C cancel the job on the server', async () => {
    server.api.opened.promptMs = 60_000;
    const { code, json } = await run(['memorize', '--json', 'The harbour is closed.'], {
      onStart: (interrupt) => setTimeout(interrupt, 500),
    });
    expect(code).toBe(130);
    expect(json()).toMatchObject({ error: { code: 'cancelled' } });
    const { data } = (await (await server.get('/engram/v1/jobs')).json()) as { data: { status: string }[] };
    expect(data).toMatchObject([{ status: 'cancelled' }]);
    expect(server.api.opened.held).toEqual([]);
    const asked = await run(['ask', 'x'], { onStart: (interrupt) => setTimeout(interrupt, 500) });
    expect(asked.code).toBe(130);
    for (let i = 0; i < 100 && server.api.opened.running > 0; i++) await sleep(10);
    expect(server.api.opened.running).toBe(0);
  });

  it('say that the server ended, when it does', async () => {
    server.api.opened.promptMs = 60_000;
    const running = run(['memorize', '--json', 'The harbour is closed.']);
    for (
      let i = 0;
      i < 200 && server.running.port > 0 && calls(server.api.opened, 'memorize').length === 0 && i < 40;
      i++
    )
      await sleep(10);
    await server.running.close(10);
    const { code, json } = await running;
    expect(code).toBe(1);
    expect(json()).toMatchObject({
      error: { code: 'network', hint: expect.stringContaining('Run it again') as unknown },
    });
  });
});

describe('commands work alone', () => {
  it('where they are told to, by flag or variable', async () => {
    for (const options of [{ argv: ['--alone'] }, { argv: [], env: { ENGRAM_ALONE: '1' } }]) {
      const { stderr } = await run(['ask', 'x', ...options.argv], { env: options.env ?? {} });
      expect(stderr).not.toContain('server');
    }
    expect(server.api.opened.calls).toEqual([]);
    expect(calls(api.engine, 'chat')).toHaveLength(2);
  });

  it.each([
    [['--context', '512'], '--context'],
    [['--model', './mine.gguf'], '--model'],
    [['--embedder', 'other-embedder'], '--embedder'],
    [['--server', 'http://127.0.0.1:9/v1'], '--server'],
    [['--store', 'postgres://me:secret@127.0.0.1:9/x'], '--store'],
    [['--compute', 'llama'], '--compute'],
  ])('where the server would answer otherwise, and say why: %j', async (flags, named) => {
    const { stderr } = await run(['ask', 'x', ...flags]);
    expect(stderr).toContain(`another ${named}: working without it`);
    expect(stderr).not.toContain('secret');
    expect(calls(api.engine, 'chat')).toHaveLength(1);
  });

  it('with an adapter in a file', async () => {
    await run(['ask', '--adapter', './mine.gguf', 'x']);
    expect(server.api.opened.calls).toEqual([]);
    expect(calls(api.engine, 'chat')).toHaveLength(1);
  });

  it('where the server was killed, whatever it left', async () => {
    const note = (await readNote(home))!;
    for (const left of [
      JSON.stringify({ ...note, pid: 999_999_999 }),
      JSON.stringify({ ...note, url: 'http://127.0.0.1:9' }),
      JSON.stringify({ ...note, key: 'engram-run-of-another' }),
      '{"url": 3}',
      '{"ur',
      'null',
      '',
    ]) {
      writeFileSync(serverFile(home), left);
      const { code, stderr } = await run(['ask', 'x']);
      expect(code, left).toBe(0);
      expect(stderr, left).not.toContain('server');
    }
  });
});

describe('the note of a server', () => {
  it('is read by its owner alone, tells no password, and goes with its server, unless another has left its own', async () => {
    if (process.platform !== 'win32') expect(statSync(serverFile(home)).mode & 0o777).toBe(0o600);
    const second = await startServer({}, { home, store: 'postgres://me:secret@127.0.0.1:9/x' });
    expect(readFileSync(serverFile(home), 'utf8')).not.toContain('secret');
    await server.running.close(10);
    expect(await readNote(home)).toMatchObject({ url: second.running.url });
    await second.running.close(10);
    expect(await findServer(home)).toBeUndefined();
    expect(await readNote(home)).toBeUndefined();
  });
});
