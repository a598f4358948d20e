// `memorize` of one thing and of several, and what it replaces.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('memorize', () => {
  it('shows the receipt', async () => {
    const { code, stdout, stderr } = await runCli(['memorize', 'x']);
    expect(code).toBe(0);
    for (const part of ['m-000000', '3.20 → 0.05', '0% → 75%', '4 of 4']) expect(stdout).toContain(part);
    expect(stderr).toContain('Making lessons');
    expect(stderr).toContain('Training');
  });

  it('exits with 1 if it was rolled back, with 0 if there was nothing to learn', async () => {
    const api = new FakeApi();
    api.engine.receipt = { committed: false, reason: 'It did not hold.' };
    const failed = await runCli(['memorize', 'x'], { api });
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('It did not hold.') as string });
    api.engine.receipt = { committed: false, steps: 0, knownBy: [], reason: 'The model knows this.' };
    expect(await runCli(['memorize', 'x'], { api })).toMatchObject({ code: 0 });
  });
});

// The grammar library takes seconds to load on a busy machine.
describe('memorize, several', { timeout: 60_000 }, () => {
  const notes = '- Our wifi is called Blue Heron.\n- Mara Voss runs the kiln in the yard.\n';
  it('learns each note, and says what became of each', async () => {
    const api = new FakeApi();
    const { code, stdout, stderr } = await runCli(['memorize'], { api, stdin: notes });
    expect(code).toBe(0);
    expect(stderr).toContain('2 memories, one after the other.');
    expect(stderr).toContain('1 of 2: Our wifi');
    expect(stderr).toMatch(/2 of 2, about 0\.\d s left: Mara Voss/);
    for (const part of ['m-000000', 'm-000001', 'Blue Heron', '2 remembered']) expect(stdout).toContain(part);
  });
  it('exits with 1 if one did not hold, and reports all with --json', async () => {
    const api = new FakeApi();
    api.engine.receipt = { committed: false, reason: 'It did not hold.' };
    const ran = await runCli(['memorize', '--json'], { api, stdin: notes });
    expect(ran.code).toBe(1);
    expect(ran.json()).toMatchObject({ committed: 0, failed: 2, memories: [{}, {}] });
  });
  it('shows with --dry-run what it would learn, without a model', async () => {
    const api = new FakeApi();
    const { stdout } = await runCli(['memorize', '--dry-run'], { api, stdin: notes });
    expect(stdout.split('\n')[1]).toBe('Mara Voss runs the kiln in the yard.');
    expect(api.engine.calls).toEqual([]);
  });
  it('tells what is in no memory, and why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'engram-left-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const file = join(folder, 'rows.jsonl');
    const asked = { messages: [{ role: 'user', content: 'Where is the key?' }] };
    writeFileSync(file, [asked, { text: 'The key is under the mat.' }].map((row) => JSON.stringify(row)).join('\n'));
    const { stdout, stderr } = await runCli(['memorize', '--dry-run', '--file', file]);
    expect(stderr).toContain('Left out, a question without an answer: "Where is the key?"');
    expect(stdout.split('\n')[0]).toBe('The key is under the mat.');
  });
  it('takes a triple', async () => {
    const api = new FakeApi();
    await runCli(['memorize', '--triple', 'Brenn | capital | Ossa'], { api });
    expect(api.engine.calls).toEqual([['memorize', { subject: 'Brenn', relation: 'capital', object: 'Ossa' }]]);
  });
});

describe('memorize --replaces', () => {
  const found = { id: 'm-0a', text: 'Bo runs it.', score: 0.91 };

  it('passes on what it is given, and takes nothing else', async () => {
    const api = new FakeApi();
    api.engine.contradicted = [found];
    for (const args of [[], ['--replaces', 'auto'], ['--replaces', 'm-0a', '--replaces', 'm-0b']]) {
      await runCli(['memorize', 'x', ...args], { api });
    }
    expect(api.engine.replaced).toEqual(['none', 'auto', ['m-0a', 'm-0b']]);
    expect((await runCli(['memorize', 'x', '--replaces', 'auto', '--replaces', 'm-0a'], { api })).code).toBe(2);
  });

  it('asks in a terminal', async () => {
    const api = new FakeApi();
    api.engine.contradicted = [found];
    const ran = await runCli(['memorize', 'x'], { api, isTTY: true, stdin: 'y\n' });
    expect(ran.stderr).toContain('m-0a (91%): "Bo runs it."');
    await runCli(['memorize', 'x'], { api, isTTY: true, stdin: '' });
    expect(api.engine.replaced).toEqual([['m-0a'], []]);
  });

  it('says what stays contradicted', async () => {
    const api = new FakeApi();
    api.engine.receipt = { contradicts: [found] };
    expect((await runCli(['memorize', 'x'], { api })).stdout).toContain('contradicts m-0a (91%): "Bo runs it."');
  });
});
