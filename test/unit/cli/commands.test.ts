import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeApi, newAnswer, newReceipt, runCli } from './fake.js';

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
    api.engine.receipt = { committed: false, steps: 0, reason: 'The model knows this.' };
    expect(await runCli(['memorize', 'x'], { api })).toMatchObject({ code: 0 });
  });
});

// The grammar library takes seconds to load on a busy machine.
describe('memorize, several', { timeout: 60_000 }, () => {
  const notes = '- Our wifi is called Blue Heron.\n- Mara Voss runs the kiln in the yard.\n';
  it('learns each note, and says what became of each', async () => {
    const api = new FakeApi();
    const { code, stdout } = await runCli(['memorize'], { api, stdin: notes });
    expect(code).toBe(0);
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
    expect(api.opened).toEqual([]);
  });
  it('takes a triple', async () => {
    const api = new FakeApi();
    await runCli(['memorize', '--triple', 'Brenn | capital | Ossa'], { api });
    expect(api.engine.calls).toEqual([['memorize', { subject: 'Brenn', relation: 'capital', object: 'Ossa' }]]);
  });
});

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

describe('memorize --replaces', () => {
  const found = { id: 'm-0a', text: 'x', question: 'Who?', was: 'Bo', now: 'Ana' };

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
    expect(ran.stderr).toContain('m-0a answers "Who?" with "Bo", not with "Ana"');
    await runCli(['memorize', 'x'], { api, isTTY: true, stdin: '' });
    expect(api.engine.replaced).toEqual([['m-0a'], []]);
  });

  it('says what stays contradicted', async () => {
    const api = new FakeApi();
    api.engine.receipt = { contradicts: [found] };
    expect((await runCli(['memorize', 'x'], { api })).stdout).toContain('contradicts m-0a answers');
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
    expect((await runCli(['brain', 'rm', 'work'], { api })).code).toBe(2);
    expect(api.removedBrains).toEqual([]);
    expect((await runCli(['brain', 'rm', 'work', '--yes', '--json'], { api })).json()).toEqual({ removed: 'work' });
  });
});

describe('sleep', () => {
  it('shows what was gained, memory by memory and in all', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    const { code, stdout, stderr } = await runCli(['sleep', '--minutes', '2'], { api });
    expect(code).toBe(0);
    expect(api.engine.calls.at(-1)).toEqual(['sleep', { minutes: 2, dryRun: false, again: false, passages: false }]);
    expect(stderr).toContain('m-000000 consolidated (3.0 s): paraphrase 75% → 100%, near 25% → 75% A heron is blue.');
    expect(stdout).toBe(
      '1 consolidated, 0 unchanged, 0 mended, 0 lost (3.0 s).\nOn average: paraphrase 75% → 100%, near 25% → 75%.\n',
    );
  });

  it('learns well-used passages if asked to', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    const { stdout, stderr } = await runCli(['sleep', '--passages'], { api });
    expect(stderr).toContain('kiln.md: 1 learned, 1 known (2.0 s)');
    expect(stdout).toContain('0 lost, 1 learned from 1 passages (3.0 s).');
    expect((await runCli(['sleep', '--passages', '--dry-run'], { api })).stdout).toMatch(
      /passage +answered 3 questions +The kiln is hot\./,
    );
  });

  it('lists what is due, refuses a time that is none, and needs a brain that holds something', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    expect((await runCli(['sleep', '--dry-run'], { api })).stdout).toMatch(/m-000000 +new +A heron is blue\./);
    const json = (await runCli(['sleep', '--dry-run', '--json'], { api })).json();
    expect(json).toMatchObject({ ended: 'dry run', due: [{ id: 'm-000000', why: 'new' }] });
    expect(await runCli(['sleep', '--minutes', 'x'], { api })).toMatchObject({ code: 2 });
  });

  it('that is woken up reports what is done, and exits with 130', async () => {
    const api = new FakeApi();
    await runCli(['memorize', 'A heron is blue.'], { api });
    let interrupt: () => void = () => undefined;
    const sleep = api.engine.sleep.bind(api.engine);
    api.engine.sleep = (options) => {
      interrupt();
      return sleep(options);
    };
    const woken = await runCli(['sleep'], { api, onStart: (stop) => (interrupt = stop) });
    expect(woken).toMatchObject({ code: 130, stdout: expect.stringContaining('1 left: woken up.') as string });
  });
});

describe('train', () => {
  it('passes its options on and shows the losses', async () => {
    const api = new FakeApi();
    const flags = ['--epochs', '2', '--learning-rate', '1e-3', '--optimizer', 'sgd', '--schedule', 'cosine'];
    const more = ['--targets', 'q, v', '--layers=-8:-1', '--validation', '0.1', '--warmup', '5'];
    const { code, stdout } = await runCli(['train', 'rows.jsonl', '--adapter', 'tone', ...flags, ...more], { api });
    expect(code).toBe(0);
    expect(stdout).toContain('Trained tone on 27 tokens');
    expect(api.engine.calls[0]![1]).toMatchObject({
      ...{ file: 'rows.jsonl', adapter: 'tone', epochs: 2, learningRate: 1e-3, optimizer: 'sgd', schedule: 'cosine' },
      ...{ targets: ['q', 'v'], layers: [-8, -1], validation: 0.1, warmup: 5 },
    });
  });
});

describe('train, as a run', () => {
  it('takes shares and files for what is only measured', async () => {
    const api = new FakeApi();
    await runCli(['train', 'f', '--adapter', 'a', '--validation', 'held.jsonl', '--test', '0.2', '--patience', '3'], {
      api,
    });
    expect(api.engine.calls[0]![1]).toMatchObject({
      validation: 'held.jsonl',
      test: 0.2,
      patience: 3,
      resume: undefined,
    });
  });

  it('goes on with the latest run, or a named one, and needs no file for it', async () => {
    const api = new FakeApi();
    await runCli(['train', '--resume'], { api });
    await runCli(['train', '--resume', 'tone-1', '--checkpoint-steps', '5'], { api });
    expect(api.engine.calls.map(([, request]) => request)).toMatchObject([
      { resume: true, file: undefined },
      { resume: 'tone-1', checkpointSteps: 5 },
    ]);
  });

  it('says how it went, and what it measured', async () => {
    const { stdout, stderr } = await runCli(['train', 'f', '--adapter', 'a']);
    expect(stderr).toContain('Run tone-1: 9 rows to learn, 1 to validate.');
    expect(stdout).toMatch(/1 +2\.9000 +40% +– +–\nTest: loss 2\.5000, 50% right\./);
  });

  it('prints events as lines of JSON before the report when asked to', async () => {
    const { stdout } = await runCli(['train', 'f', '--adapter', 'a', '--events', '--json']);
    const [first, last] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(first).toMatchObject({ type: 'started', run: 'tone-1' });
    expect(last).toMatchObject({ adapter: 'a', run: 'tone-1' });
    const without = await runCli(['train', 'f', '--adapter', 'a', '--events']);
    expect(without.stdout).not.toContain('{');
  });

  it('pauses at Ctrl-Z and only then stops the process, which goes on where it was', async () => {
    const api = new FakeApi();
    let suspend = (): void => undefined;
    const states: boolean[] = [];
    api.engine.train = async ({ control, onEvent }) => {
      suspend();
      states.push(control!.paused);
      onEvent?.({ type: 'paused', step: 3 });
      await control!.wait();
      states.push(control!.paused);
      return new FakeApi().engine.train({ adapter: 'a' });
    };
    const onStart = (_interrupt: () => void, send: () => void): void => void (suspend = send);
    const { code, stderr, suspended } = await runCli(['train', 'f', '--adapter', 'a'], { api, onStart });
    expect({ code, suspended, states }).toEqual({ code: 0, suspended: 1, states: [true, false] });
    expect(stderr).toContain('Pausing after this step');
    expect(stderr).toContain('Paused after step 3, with a checkpoint.');
  });

  it('stops at once at a second Ctrl-Z', async () => {
    const api = new FakeApi();
    let suspend = (): void => undefined;
    api.engine.train = (request) => {
      suspend();
      suspend();
      return new FakeApi().engine.train(request);
    };
    const onStart = (_interrupt: () => void, send: () => void): void => void (suspend = send);
    expect((await runCli(['train', 'f', '--adapter', 'a'], { api, onStart })).suspended).toBe(1);
  });
});

describe('runs', () => {
  it('lists them with what became of them, and deletes one', async () => {
    const api = new FakeApi();
    expect((await runCli(['runs', 'list'], { api })).stdout).toBe('There are none.\n');
    expect(await runCli(['runs', 'rm', 'x'], { api })).toMatchObject({ code: 1 });
  });
});

describe('--json', () => {
  const api = new FakeApi();
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
    expect(api.removedBrains).toEqual(['demo']);
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

describe('train --ranks, --kind, --rate-b', () => {
  it('pass on what they were given', async () => {
    const api = new FakeApi();
    const flags = ['--ranks', 'v=16, 0-3.*=0', '--kind', 'rslora', '--rate-b', '16'];
    await runCli(['train', 'f', '--adapter', 'a', ...flags], { api });
    expect(api.engine.calls[0]![1]).toMatchObject({ rankPattern: { v: 16, '0-3.*': 0 }, kind: 'rslora', rateB: 16 });
  });

  it.each(['v', 'v=x', '=3', 'v=1=2', ''])('refuses --ranks %j', async (ranks) => {
    expect((await runCli(['train', 'f', '--adapter', 'a', '--ranks', ranks])).code).toBe(2);
  });
});

describe('adapters merge, shrink, fuse', () => {
  it('pass on what they were given and say what came of it', async () => {
    const api = new FakeApi();
    const flags = ['--name', 'c', '--weights', '0.5,-1', '--rank', '8'];
    const merge = await runCli(['adapters', 'merge', 'a', 'b', ...flags], { api });
    expect(merge.code).toBe(0);
    expect(merge.stdout).toContain('Merged a and b into c: rank 8, 1,000 numbers, 4.0 kB.\nCut off: 10%');
    expect(api.combined[0]!.slice(1)).toMatchObject([
      [
        { name: 'a', weight: 0.5 },
        { name: 'b', weight: -1 },
      ],
      { name: 'c', rank: 8, replace: false },
    ]);
    await runCli(['adapters', 'shrink', 'a', '--name', 'd', '--budget', '4', '--replace'], { api });
    expect(api.combined[1]!.slice(1)).toMatchObject(['a', { name: 'd', budget: 4, replace: true }]);
    const fuse = await runCli(['adapters', 'fuse', 'a', '--out', 'm.gguf', '--type', 'q8_0', '--model', 'm'], { api });
    expect(fuse.stdout).toBe('Wrote /x/m.gguf: 900 MB, 210 tensors changed.\n');
    expect(api.combined[2]!.slice(1)).toMatchObject([
      [{ name: 'a' }],
      { output: 'm.gguf', type: 'q8_0', model: 'm', replace: false },
    ]);
  });

  it('need a weight for each adapter, and what is required', async () => {
    const api = new FakeApi();
    const weights = await runCli(['adapters', 'merge', 'a', 'b', '--name', 'c', '--weights', '1'], { api });
    expect(weights).toMatchObject({ code: 2, stderr: expect.stringContaining('2 adapters and 1 --weights') as string });
    for (const argv of [
      ['merge', 'a'],
      ['merge', '--name', 'c'],
      ['shrink', 'a'],
      ['fuse', 'a'],
    ]) {
      expect((await runCli(['adapters', ...argv], { api })).code).toBe(2);
    }
    expect(api.combined).toEqual([]);
  });
});
