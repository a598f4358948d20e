// What `ask` and `tokens` pass on, and what they show.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { newAnswer } from '../../fakes/results.js';
import { runCli } from './run-cli.js';

describe('ask', () => {
  it('streams the answer and says beside it what it rests on', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'What is it? A heron.'], { api });
    const { code, stdout, stderr } = await runCli(['ask', 'What is it?'], { api });
    expect(code).toBe(0);
    expect(stdout).toBe('What is it? A heron.\n');
    expect(stderr).toContain('from memory: m-000000');
    const quiet = await runCli(['ask', '--quiet', 'What is it?'], { api });
    expect(quiet).toMatchObject({ stdout, stderr: '' });
  });

  it('passes its options on', async () => {
    const api = new FakeApi();
    const flags = ['--adapter', 'tone', '--temperature', '0.5', '--top-k', '9', '--top-p', '0.8', '--seed', '7'];
    await runCli(['ask', 'x', ...flags, '--max-tokens', '4'], { api });
    expect(api.engine.calls[0]![2]).toMatchObject({
      ...{ adapter: 'tone', temperature: 0.5, topK: 9, topP: 0.8, seed: 7, maxTokens: 4 },
    });
  });

  it('passes on the form that an answer is to have, and all sampling settings', async () => {
    const api = new FakeApi();
    const flags = ['--schema', ' {"type": "integer"}', '--logprobs', '2', '--stop', 'a', '--stop', 'b c', '--lookup'];
    const more = [
      '--min-p',
      '0.2',
      '--repeat-penalty',
      '1.1',
      '--frequency-penalty',
      '-0.5',
      '--dry',
      '0.8',
      '--xtc',
      '0.5',
    ];
    await runCli(['ask', ...flags, ...more, 'how', 'many'], { api });
    expect(api.engine.calls[0]!.slice(1)).toMatchObject([
      [{ role: 'user', content: 'how many' }],
      {
        ...{ jsonSchema: { type: 'integer' }, logprobs: 2, stop: ['a', 'b c'], lookup: true },
        ...{ minP: 0.2, repeatPenalty: 1.1, frequencyPenalty: -0.5, dryMultiplier: 0.8, xtcProbability: 0.5 },
      },
    ]);
  });

  it('reads a schema or a grammar from a file, and refuses what is none', async () => {
    const api = new FakeApi();
    const path = join(mkdtempSync(join(tmpdir(), 'engram-form-')), 'form.json');
    writeFileSync(path, '{"const": 1}');
    await runCli(['ask', '--schema', path, 'x'], { api });
    await runCli(['ask', '--grammar', path, 'x'], { api });
    expect(api.engine.calls.map((call) => call[2])).toMatchObject([
      { jsonSchema: { const: 1 } },
      { grammar: '{"const": 1}' },
    ]);
    for (const wrong of [
      ['--schema', '{"type": '],
      ['--schema', 'no-such.json'],
      ['--schema', path, '--grammar', path],
    ]) {
      const { code, stderr } = await runCli(['ask', ...wrong, 'x'], { api });
      expect(code).toBeGreaterThan(0);
      expect(stderr).toMatch(/schema|no-such/);
    }
    expect(api.engine.calls).toHaveLength(2);
  });

  it('passes on the tools of a file, in either layout, and shows their calls', async () => {
    const api = new FakeApi();
    const path = join(mkdtempSync(join(tmpdir(), 'engram-tools-')), 'tools.json');
    const asked: unknown[] = [];
    const tool = { name: 'get_time', description: 'The time.' };
    writeFileSync(path, JSON.stringify([tool, { type: 'function', function: { ...tool, name: 'get_weather' } }]));
    api.engine.ask = (_question, options) => {
      asked.push(options);
      const call = { id: 'k3k3k3k3k', name: 'get_weather', arguments: { city: 'Lindau' } };
      return Promise.resolve(newAnswer('', { toolCalls: [call] }));
    };
    const { stdout } = await runCli(['ask', '--tools', path, '--tool-choice', 'get_weather', 'x'], { api });
    expect(stdout).toBe('get_weather {"city":"Lindau"}\n');
    expect(asked[0]).toMatchObject({
      tools: [tool, { name: 'get_weather' }],
      toolChoice: { name: 'get_weather' },
    });
    for (const wrong of ['{}', '[]', '[1]', '[']) {
      writeFileSync(path, wrong);
      expect((await runCli(['ask', '--tools', path, 'x'], { api })).code).toBe(2);
    }
    expect((await runCli(['ask', '--tool-choice', 'none', 'x'], { api })).code).toBe(2);
    expect(asked).toHaveLength(1);
  });

  it('says that a call of a tool was cut off, and by its exit code', async () => {
    const api = new FakeApi();
    const path = join(mkdtempSync(join(tmpdir(), 'engram-tools-')), 'tools.json');
    writeFileSync(path, '[{"name": "get_weather"}]');
    const cutToolCall = { name: 'get_weather', arguments: '{"city": "Lin' };
    api.engine.ask = () => Promise.resolve(newAnswer('', { toolCalls: [], cutToolCall, finishReason: 'length' }));
    const { code, stderr } = await runCli(['ask', '--tools', path, 'x'], { api });
    expect(code).toBe(1);
    expect(stderr).toContain('A call of a tool was cut off before its JSON ended');
    const asJson = await runCli(['ask', '--json', '--tools', path, 'x'], { api });
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ toolCalls: [], cutToolCall });
  });

  it('clears control characters out of what a terminal is shown', async () => {
    const api = new FakeApi();
    api.engine.ask = (_question, options) => {
      options?.onText?.('a\u001b]0;owned\u0007b\u001b[2J');
      return api.engine.chat([{ role: 'user', content: 'x' }]);
    };
    const { stdout } = await runCli(['ask', 'x'], { api, isTTY: true });
    expect(stdout).toBe('a]0;ownedb[2J\n');
  });
});

describe('tokens', () => {
  it('are shown and counted', async () => {
    const { stdout } = await runCli(['tokens', 'two words']);
    expect(stdout).toBe('      0  "two"\n      1  "words"\n2 tokens\n');
    expect((await runCli(['tokens', '--count', 'two words'])).stdout).toBe('2\n');
    const json = await runCli(['tokens', '--json', 'two words']);
    expect(JSON.parse(json.stdout)).toMatchObject({ count: 2, tokens: [{ text: 'two' }, { id: 1 }] });
  });
});
