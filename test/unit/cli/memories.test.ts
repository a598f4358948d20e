// Memories shown, forgotten and taken back; brains as a whole; sleep.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

/** Nothing was memorized yet. */
const withoutBrain = (): FakeApi => {
  const api = new FakeApi();
  api.engine.brains.names = () => ['work'];
  return api;
};

describe('memories and forget', () => {
  it('list, take back, and then list no more but with --all', async () => {
    const api = new FakeApi();
    expect((await runCli(['memories'], { api })).stdout).toBe('Nothing is remembered yet.\n');
    await runCli(['memorize', 'A heron is blue.'], { api });
    expect((await runCli(['memories'], { api })).stdout).toMatch(/m-000000 +remembered +2026-01-02 +100% +A heron/);
    expect((await runCli(['forget', 'heron', 'is'], { api })).stdout).toContain('Forgotten: m-000000');
    expect((await runCli(['memories', '--json'], { api })).json()).toEqual([]);
    expect((await runCli(['memories', '--all', '--json'], { api })).json()).toHaveLength(1);
    expect(await runCli(['forget', 'owl'], { api })).toMatchObject({ code: 1 });
  });
});

describe('a brain that is not there', () => {
  const home = mkdtempSync(join(tmpdir(), 'engram-names-'));
  mkdirSync(join(home, 'brains', 'work'), { recursive: true });
  writeFileSync(join(home, 'brains', 'work', 'ledger.sqlite'), '');

  it.each([['ask', 'x'], ['chat'], ['memories'], ['recall', 'x'], ['memorize', 'A heron is blue.']])(
    'is told of by %s, once, with the one that may be meant',
    async (...words) => {
      const { stderr } = await runCli([...words, '--brain', 'wrok'], { home, api: withoutBrain() });
      expect(stderr.match(/no brain "wrok" yet\. Did you mean "work"\?/g)).toHaveLength(1);
      expect((await runCli([...words, '--brain', 'work'], { home })).stderr).not.toContain('no brain');
    },
  );

  it('is told of where no other is like it; the default one is not mistyped', async () => {
    expect((await runCli(['ask', 'x', '--brain', 'garden'], { home })).stderr).toContain('no brain "garden" yet.\n');
    expect((await runCli(['ask', 'x'], { home })).stderr).not.toContain('no brain');
  });
});

describe('memories', () => {
  it('show one, with its receipt, and its history, and take back', async () => {
    const api = new FakeApi();
    expect(await runCli(['memories', 'show', 'x'], { api })).toMatchObject({ code: 1 });
    await runCli(['memorize', 'A heron is blue.'], { api });
    expect((await runCli(['memories', 'show', 'heron'], { api })).stdout).toMatch(
      /m-000000 +remembered[^]*recall +0% → 100%/,
    );
    expect((await runCli(['memories', 'history'], { api })).stdout).toMatch(
      /1 +2026-01-02 03:04:05 +m-000000 +forgotten \(undoes 1\) +A heron/,
    );
    await runCli(['forget', 'heron'], { api });
    expect((await runCli(['memories', 'undo'], { api })).stdout).toContain(
      'm-000000 is remembered again: A heron is blue.',
    );
    await runCli(['memories', 'undo', 'a', 'heron'], { api });
    expect(api.engine.calls.filter(([name]) => name === 'undo')).toEqual([
      ['undo', undefined],
      ['undo', 'a heron'],
    ]);
  });
});

describe('forget', () => {
  it('asks the model for what was forgotten, and fails if it is still told', async () => {
    const api = new FakeApi();
    for (const text of ['A heron is blue.', 'An owl is grey.']) await runCli(['memorize', text], { api });
    expect((await runCli(['forget', 'heron'], { api })).stdout).toContain('asked in 8 wordings, told in 0');
    api.engine.proof = { asked: 8, recalled: 3, base: 1, toldBy: ['m-000009'] };
    const told = await runCli(['forget', 'owl', '--json'], { api });
    expect(told.code).toBe(1);
    expect(told.json()).toMatchObject({ id: 'm-000001', proof: { recalled: 3, toldBy: ['m-000009'] } });
  });

  it('takes several ids, or all after asking', async () => {
    const api = new FakeApi();
    for (const text of ['one', 'two', 'three']) await runCli(['memorize', text], { api });
    const two = await runCli(['forget', 'm-000000', 'm-000001', '--no-probe', '--json'], { api });
    expect(two.json()).toMatchObject([{ id: 'm-000000' }, { id: 'm-000001' }]);
    expect(await runCli(['forget', '--all'], { api })).toMatchObject({ code: 2 });
    expect(await runCli(['forget', '--all', 'x'], { api })).toMatchObject({ code: 2 });
    expect((await runCli(['forget', '--all'], { api, isTTY: true, stdin: 'n\n' })).code).toBe(130);
    expect(api.engine.held.at(-1)?.state).toBe('remembered');
    expect((await runCli(['forget', '--all'], { api, isTTY: true, stdin: 'y\n' })).code).toBe(0);
    expect(api.engine.held.map(({ state }) => state)).toEqual(['forgotten', 'forgotten', 'forgotten']);
    expect((await runCli(['forget', '--all', '--yes', '--json'], { api })).json()).toEqual([]);
  });
});

describe('brain', () => {
  it('lists, checks and rebuilds', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    expect((await runCli(['brain', 'list'], { api })).stdout).toMatch(/default +tiny +1/);
    expect(await runCli(['brain', 'check'], { api })).toMatchObject({
      code: 0,
      stdout: '1 of 1 memories are whole.\n',
    });
    api.engine.held[0]!.damaged = 'missing';
    expect((await runCli(['brain'], { api })).stdout).toMatch(/default +tiny +1, 1 damaged/);
    expect((await runCli(['memories'], { api })).stderr).toContain('engram brain rebuild --damaged');
    const damaged = await runCli(['brain', 'check'], { api });
    expect(damaged).toMatchObject({ code: 1, stdout: expect.stringContaining('rebuild --damaged') as string });
    expect((await runCli(['brain', 'rebuild', '--damaged'], { api })).stdout).toContain('1 the same, 0 renewed');
    expect(api.engine.calls.at(-1)).toEqual(['rebuild', true]);
  });

  it('goes into a file and out of it, and to another model', async () => {
    const api = new FakeApi();
    expect((await runCli(['brain', 'export'], { api })).stdout).toBe('default.engram: 0 memories, 2.0 kB.\n');
    const read = await runCli(['brain', 'import', 'f', '--as', 'copy'], { api });
    expect(read.stdout).toBe('The brain "copy" holds 2 memories over tiny.\n');
    expect(read.stderr).toContain('m-000001');
    expect(await runCli(['brain', 'move'], { api })).toMatchObject({ code: 1 });
    expect((await runCli(['brain', 'move', '--partly', '--model', 'tiny', '--json'], { api })).json()).toMatchObject({
      moved: true,
    });
  });

  it('is deleted after asking', async () => {
    const api = new FakeApi();
    expect(await runCli(['brain', 'rm', 'wrok'], { api })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no brain "wrok"') as string,
    });
    expect((await runCli(['brain', 'rm', 'default'], { api })).code).toBe(2);
    expect(api.engine.removedBrains).toEqual([]);
    const removed = await runCli(['brain', 'rm', 'default', '--yes', '--json'], { api });
    expect(removed.json()).toEqual({ removed: 'default' });
    expect(api.engine.removedBrains).toEqual(['default']);
  });
});

describe('sleep', () => {
  it('shows what was gained, memory by memory and in all', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    const { code, stdout, stderr } = await runCli(['sleep', '--minutes', '2'], { api });
    expect(code).toBe(0);
    expect(api.engine.calls.at(-1)).toEqual(['sleep', { minutes: 2, dryRun: false, again: false, passages: false }]);
    expect(stderr).toContain('m-000000 consolidated (3.0 s): paraphrase 75% → 100% A heron is blue.');
    expect(stdout).toBe('1 consolidated, 0 unchanged, 0 mended, 0 lost (3.0 s).\nOn average: paraphrase 75% → 100%.\n');
  });

  it('learns well-used passages if asked to', async () => {
    const api = withoutBrain();
    const { stdout, stderr } = await runCli(['sleep', '--passages'], { api });
    expect(stderr).toContain('kiln.md: 1 learned, 1 known (2.0 s)');
    expect(stdout).toContain('0 lost, 1 learned from 1 passages (3.0 s).');
    expect((await runCli(['sleep', '--passages', '--dry-run'], { api })).stdout).toMatch(
      /passage +answered 3 questions +The kiln is hot\./,
    );
  });

  it('lists what is due, refuses a time that is none, and needs a brain that holds something', async () => {
    expect(await runCli(['sleep'], { api: withoutBrain() })).toMatchObject({ code: 1 });
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    expect((await runCli(['sleep', '--dry-run'], { api })).stdout).toMatch(/m-000000 +weak +A heron is blue\./);
    const json = (await runCli(['sleep', '--dry-run', '--json'], { api })).json();
    expect(json).toMatchObject({ ended: 'dry_run', due: [{ id: 'm-000000', why: 'weak' }] });
    expect(await runCli(['sleep', '--minutes', 'x'], { api })).toMatchObject({ code: 2 });
    const fresh = new FakeApi();
    expect(await runCli(['sleep', '--minutes', '-1'], { api: fresh })).toMatchObject({ code: 2 });
    expect(fresh.opened).toEqual([]); // no model was loaded for it
  });

  it('that is woken up reports what is done, and exits with 130', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    let interrupt: () => void = () => undefined;
    const sleep = api.engine.memories.sleep.bind(api.engine.memories);
    api.engine.memories.sleep = (options) => {
      interrupt();
      return sleep(options);
    };
    const woken = await runCli(['sleep'], { api, onStart: (stop) => (interrupt = stop) });
    expect(woken).toMatchObject({ code: 130, stdout: expect.stringContaining('1 left: woken up.') as string });
  });
});
