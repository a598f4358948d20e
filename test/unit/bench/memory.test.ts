// The benchmark of memory without a model: scoring, cases, rows, the journal, the order of things.
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../scripts/bench/memory/${name}.mjs`, import.meta.url).href)) as T;

interface Asked {
  ask: string;
  question: string;
  answers: string[];
  judge?: string;
  evidence?: number[];
}
interface Case {
  id: string;
  inputs: unknown[];
  text: string;
  asked: Asked[];
  neighbours: string[];
  old?: { answers: string[] } | undefined;
}
type Said = { text: string; on: string[] } & Record<string, unknown>;
interface Answers {
  asked: Said[];
  neighbours: Said[];
  unrelated: Said[];
}
interface Result {
  learned: { seconds: number; memories: Record<string, unknown>[]; superseded?: boolean };
  gated?: Answers;
  ungated?: Answers;
  forgotten?: Said[];
}

const { contains, f1, isRight, normalise, wordRecall } = await load<{
  contains: (answer: string, targets: string[]) => boolean;
  f1: (answer: string, target: string) => number;
  isRight: (answer: string, asked: { answers: string[]; judge?: string }) => boolean;
  normalise: (text: string) => string;
  wordRecall: (answer: string, target: string) => number;
}>('scoring');
const { readCases, readUnrelated } = await load<{
  readCases: (options: { kind: string; data: string; count: number; offset: number; seed: number }) => Case[];
  readUnrelated: (options: { data: string; unrelated?: string; seed: number; most: number }) => string[];
}>('cases');
const { kindOf, namesOf } = await load<{ kindOf: (question: string) => string; namesOf: (text: string) => string[] }>(
  'passages',
);
interface Given {
  strategy: string;
  gate: boolean;
  cases: Case[];
  base: Map<number, Answers>;
  results: Map<number, Result>;
}
const { rowOf, missesOf } = await load<{
  rowOf: (given: Given) => Record<string, unknown> | undefined;
  missesOf: (given: Given) => { ask: string; answer: string }[];
}>('rows');
const { Journal } = await load<{
  Journal: new (
    path: string | undefined,
    identity: object,
  ) => { once: (key: string, measure: () => unknown) => Promise<unknown>; has: (key: string) => boolean };
}>('journal');
const { memoryTable } = await load<{ memoryTable: (result: unknown) => string }>('table');
const { memoryPlot } = await load<{ memoryPlot: (result: unknown) => string }>('plot');
const { Estimate } = await load<{
  Estimate: new (of: number, now: () => number) => { tick: () => void; toString: () => string };
}>('estimate');

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'engram-bench-test-'));

describe('scoring', () => {
  it('compares words without case, punctuation and articles', () => {
    expect(normalise(' The  “Dallas Cowboys”, 1994! ')).toBe('dallas cowboys 1994');
    expect(contains('It was the Dallas  cowboys.', ['Dallas Cowboys'])).toBe(true);
  });

  it('finds a target as whole words only', () => {
    expect(contains('In 1120 it burnt.', ['112'])).toBe(false);
    expect(contains('Nothing.', [''])).toBe(false);
    expect(contains('It shows James Caan’s house.', ['James Caan'])).toBe(true);
    expect(contains("Dad's Army", ['Dad’s Army'])).toBe(true);
  });

  it('finds a target inside a text that has no spaces', () => {
    expect(contains('首都是北京市。', ['北京'])).toBe(true);
  });

  it('weighs precision and recall of words, each word as often as it stands there', () => {
    expect(f1('Dallas Dallas', 'Dallas Cowboys')).toBe(0.5);
    expect(f1('the cat', 'cat')).toBe(1);
    expect(f1('', 'cat')).toBe(0);
    expect(f1('', '')).toBe(1);
    expect(wordRecall('In May a goose race is held here', 'goose race in May')).toBe(1);
  });

  it('takes the first yes or no as the decision', () => {
    const asked = { answers: ['no'], judge: 'decision' };
    expect(isRight('No, yes is what others say.', asked)).toBe(true);
    expect(isRight('Yes, no doubt.', asked)).toBe(false);
    expect(isRight('Nobody knows.', asked)).toBe(false);
  });
});

describe('cases', () => {
  const row = (i: number) => ({
    ...{ subject: `S${i}`, src: `Who made S${i}?`, rephrase: `S${i} was made by whom?`, alt: ` Maker${i} ` },
    ...{ answers: [`Old${i}`], loc: `nq question: what is ${i}`, loc_ans: 'x' },
  });
  const write = (name: string, rows: unknown[]): string => {
    const folder = newFolder();
    writeFileSync(join(folder, name), rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
    return folder;
  };

  it('makes of a fact its wording, a paraphrase, a neighbour and what it supersedes', () => {
    const data = write('zsre.jsonl', [row(0), row(1)]);
    const [first] = readCases({ kind: 'zsre', data, count: 1, offset: 0, seed: 0 });
    expect(first).toMatchObject({
      inputs: [{ question: 'Who made S0?', answer: 'Maker0' }],
      asked: [
        { ask: 'efficacy', question: 'Who made S0?', answers: ['Maker0'] },
        { ask: 'paraphrase', question: 'S0 was made by whom?', answers: ['Maker0'] },
      ],
      neighbours: ['nq question: what is 0'],
      old: { answers: ['Old0'] },
    });
  });

  it('never takes an old answer that is part of the new one, or has it as a part', () => {
    const rows = [{ ...row(0), alt: 'New York City', answers: ['New York'] }, row(1)];
    const [first] = readCases({ kind: 'zsre', data: write('zsre.jsonl', rows), count: 1, offset: 0, seed: 0 });
    expect(first?.old?.answers).toEqual(['Maker1']);
  });

  it('draws rows by the seed, only from the offset on, and the same ones again', () => {
    const data = write(
      'zsre.jsonl',
      Array.from({ length: 40 }, (_, i) => row(i)),
    );
    const ids = (seed: number, offset = 20): string[] =>
      readCases({ kind: 'zsre', data, count: 5, offset, seed }).map(({ id }) => id);
    expect(ids(0)).toEqual([20, 21, 22, 23, 24].map((i) => `zsre-${i}`));
    expect(ids(7)).toEqual(ids(7));
    expect(ids(7)).not.toEqual(ids(8));
    expect(ids(7).every((id) => Number(id.slice(5)) >= 20)).toBe(true);
  });

  it('says which file or row is wrong', () => {
    const data = write('zsre.jsonl', [{ prompt: 'x' }]);
    expect(() => readCases({ kind: 'zsre', data, count: 1, offset: 0, seed: 0 })).toThrow(/Row 1 .*zsre/);
    expect(() => readCases({ kind: 'zsre', data, count: 1, offset: 5, seed: 0 })).toThrow('1 row');
    expect(() => readCases({ kind: 'squad', data, count: 1, offset: 0, seed: 0 })).toThrow('There is no');
  });

  const passage = {
    title: 'Races',
    context:
      'In 1952 the village of Ostrava Hill held its first goose race. It was won by Ana Brol. ' +
      'The River Wye flooded the village in 1960.',
    questions: [
      { question: 'When was the first goose race held in the village?', answer: '1952' },
      { question: 'Which river flooded the village?', answer: 'The River Wye' },
      { question: 'which river flooded the village', answer: 'The River Wye' },
      { question: 'Who won the race?', answer: 'Ana Brol' },
    ],
  };
  const other = {
    title: 'Else',
    context: 'Nothing of it in Prague.',
    questions: [{ question: 'Where is nothing?', answer: 'Prague' }],
  };

  it('asks a sentence what people asked about it, and what can be asked of any sentence', () => {
    const data = write('squad.jsonl', [passage, other]);
    const cases = readCases({ kind: 'sentences', data, count: 9, offset: 0, seed: 0 });
    // The second sentence points back, so it is not remembered alone.
    expect(cases.map(({ text }) => text.slice(0, 9))).toEqual([
      'In 1952 t',
      'The River',
      ...cases.slice(2).map(() => ''),
    ]);
    const [first, second] = cases;
    expect(first?.asked.map(({ ask }) => ask)).toEqual(['when', 'complete', 'tell', 'blank', 'yes or no']);
    expect(second?.asked.filter(({ ask }) => ask === 'which')).toHaveLength(1);
    expect(first?.neighbours).toEqual(['Where is nothing?']);
    const doubt = first?.asked.find(({ ask }) => ask === 'yes or no');
    expect(doubt?.answers).toEqual([doubt?.question.includes('1952') === true ? 'yes' : 'no']);
  });

  it('asks a passage everything, the same question once', () => {
    const [one] = readCases({
      kind: 'squad',
      data: write('squad.jsonl', [passage, other]),
      count: 1,
      offset: 0,
      seed: 0,
    });
    expect(one?.asked.map(({ ask }) => ask)).toEqual(['when', 'which', 'who']);
    expect(one?.inputs).toEqual([{ text: passage.context }]);
  });

  it('asks a session of a conversation what its own turns answer', () => {
    const folder = newFolder();
    const conversation = {
      session_1_date_time: '8 May',
      session_1: [{ speaker: 'Ana', dia_id: 'D1:1', text: 'I sold the kiln.' }],
      session_2_date_time: '9 May',
      session_2: [{ speaker: 'Bo', dia_id: 'D2:1', text: 'I bought it.' }],
      qa: [
        { question: 'What did Ana sell?', answer: 'the kiln', evidence: ['D1:1'], category: 4 },
        { question: 'When?', answer: 2023, evidence: ['D2:1'], category: 2 },
        { question: 'Both?', answer: 'yes', evidence: ['D1:1', 'D2:1'], category: 1 },
        { question: 'What did Ana cook?', evidence: ['D1:1'], category: 5, adversarial_answer: 'soup' },
      ],
    };
    writeFileSync(join(folder, '7.json'), JSON.stringify(conversation));
    const cases = readCases({ kind: 'locomo', data: folder, count: 9, offset: 0, seed: 0 });
    expect(cases).toMatchObject([
      { inputs: ['Ana said on 8 May: I sold the kiln.'], asked: [{ ask: 'one turn', answers: ['the kiln'] }] },
      { asked: [{ ask: 'time', answers: ['2023'] }] },
    ]);
  });

  it('takes unrelated questions from beside the data, each once, and none where there are none', () => {
    const folder = write('known.jsonl', [{ prompt: 'A' }, { prompt: 'B' }, { prompt: 'A' }]);
    expect(readUnrelated({ data: folder, seed: 0, most: 9 })).toEqual(['A', 'B']);
    expect(readUnrelated({ data: newFolder(), seed: 0, most: 9 })).toEqual([]);
  });

  it('knows what a question asks for', () => {
    expect(
      ['In what year did it begin?', 'What scientist said how?', 'How many?', 'By whom was it?'].map(kindOf),
    ).toEqual([...['when', 'what', 'how many', 'who']]);
    expect(namesOf('The Book of Common Prayer is by Thomas Cranmer. Printers liked it.')).toEqual([
      ...['Book of Common Prayer', 'Thomas Cranmer'],
    ]);
  });
});

describe('rows', () => {
  const one: Case = {
    id: 'a',
    inputs: [{}],
    text: '',
    asked: [
      { ask: 'efficacy', question: 'q', answers: ['Ulm'] },
      { ask: 'paraphrase', question: 'p', answers: ['Ulm'] },
    ],
    neighbours: ['n'],
    old: { answers: ['Bonn'] },
  };
  const said = (text: string, on: string[] = []): Said => ({ text, on, passages: [], promptTokens: 10, seconds: 1 });
  const answers = (asked: Said[], neighbour = said('rock'), unrelated = said('sea')): Answers => ({
    asked,
    neighbours: [neighbour],
    unrelated: [unrelated],
  });
  const base = new Map([[0, answers([said('Bonn'), said('no idea')])]]);
  const memory = { id: 'm-1', committed: true, steps: 8, seconds: 2, tokens: 100, flop: 3e11, adapterBytes: 5 };
  const row = (result: Result, gate = true) =>
    rowOf({ strategy: 'weights', gate, cases: [one], base, results: new Map([[0, result]]) });

  it('has shares of what is right and of what stayed, and what it cost', () => {
    const gated = answers([said('Ulm.', ['m-1']), said('Berlin')], said('rock'), said('the sea', ['m-9']));
    expect(row({ learned: { seconds: 2, memories: [memory] }, gated })).toMatchObject({
      ...{ count: 1, rolledBack: 0, efficacy: 1, paraphrase: 0, neighbours: 1, unrelated: 0, unrelatedF1: 1 },
      ...{ secondsPerMemory: 2, tokensPerMemory: 100, gflopPerMemory: 300, adapterBytes: 5 },
      ...{ touchedOwn: 0.5, touchedNeighbours: 0, touchedUnrelated: 1 },
    });
  });

  it('counts a memory that was rolled back as not learned, though the answer has the target', () => {
    const gated = answers([said('Ulm'), said('Ulm')]);
    const rolledBack = { ...memory, committed: false };
    expect(row({ learned: { seconds: 2, memories: [rolledBack] }, gated })).toMatchObject({
      ...{ rolledBack: 1, efficacy: 0, paraphrase: 0, f1: 0, neighbours: 1 },
    });
  });

  it('counts what the model knew already by what it answers', () => {
    const known = { ...memory, committed: false, steps: 0 };
    const gated = answers([said('Ulm'), said('Ulm')]);
    expect(row({ learned: { seconds: 2, memories: [known] }, gated })).toMatchObject({ rolledBack: 0, efficacy: 1 });
  });

  it('without the gate takes the answers with the memory on', () => {
    const gated = answers([said('Ulm'), said('Ulm')]);
    const ungated = answers([said('Ulm'), said('Ulm')], said('Ulm'), said('Ulm'));
    const result = { learned: { seconds: 2, memories: [memory] }, gated, ungated };
    expect(row(result)).toMatchObject({ gate: true, neighbours: 1, unrelated: 1 });
    expect(row(result, false)).toMatchObject({ gate: false, neighbours: 0, unrelated: 0 });
  });

  it('tells new from old of what was superseded', () => {
    const gated = answers([said('Ulm, not Bonn'), said('Bonn')]);
    expect(row({ learned: { seconds: 2, memories: [memory], superseded: true }, gated })).toMatchObject({
      ...{ supersededNew: 0.5, supersededOld: 1 },
    });
  });

  it('tells what is still recalled of what was forgotten, apart from what is held', () => {
    const learned = { seconds: 2, memories: [memory] };
    expect(row({ learned, forgotten: [said('Bonn'), said('Ulm')] })).toMatchObject({
      ...{ forgottenRecalled: 0.5, forgottenLeft: 0.5, forgottenKnownBefore: 0, forgottenAsBefore: 0.5 },
    });
  });

  it('does not count a memory that was rolled back as forgotten', () => {
    const learned = { seconds: 2, memories: [{ ...memory, committed: false }] };
    expect(row({ learned, forgotten: [said('Ulm'), said('Ulm')] })).toBeUndefined();
  });

  it('sees whether what answers a question was there, as a memory or in a passage', () => {
    const turns: Case = {
      ...one,
      ...{ id: 's', inputs: ['Ana sold it.', 'Bo bought it.'], old: undefined },
      asked: [{ ask: 'one turn', question: 'q', answers: ['Ulm'], evidence: [0, 1] }],
    };
    const gated = answers([{ ...said('Ulm', ['m-2']), passages: [{ source: 's', text: 'Then Ana  sold it. So.' }] }]);
    const memories = [memory, { ...memory, id: 'm-3' }];
    const given = { strategy: 'both', gate: true, cases: [turns], base: new Map([[0, answers([said('no')])]]) };
    expect(rowOf({ ...given, results: new Map([[0, { learned: { seconds: 1, memories }, gated }]]) })).toMatchObject({
      ...{ evidence: 0.5, efficacy: 1, accuracy: 1, touchedOwn: 1, kinds: { 'one turn': { asked: 1, right: 1 } } },
    });
  });

  it('lists what was not held', () => {
    const gated = answers([said('Ulm'), said('Rome')], said('stone'));
    const results = new Map([[0, { learned: { seconds: 2, memories: [memory] }, gated }]]);
    const misses = missesOf({ strategy: 'weights', gate: true, cases: [one], base, results });
    expect(misses.map(({ ask, answer }) => [ask, answer])).toEqual([
      ['paraphrase', 'Rome'],
      ['neighbours', 'stone'],
    ]);
  });

  it('has no row where nothing was measured', () => {
    expect(rowOf({ strategy: 'weights', gate: true, cases: [one], base, results: new Map() })).toBeUndefined();
  });

  it('is shown as a table and drawn, with text that is no markup', () => {
    const result = {
      ...{ machine: { cpu: 'C', cores: 2, kernel: 'k', load: 0 }, peakGflops: { f32: 9 }, engram: '1', node: '20' },
      ...{ date: 'today', seconds: 3, options: { kind: 'a<b', count: 1, offset: 0, seed: 1, model: 'm' } },
      rows: [row({ learned: { seconds: 2, memories: [memory] }, gated: answers([said('Ulm'), said('Ulm')]) })],
    };
    expect(memoryTable(result)).toMatch(/strategy +memories +efficacy[\s\S]*weights +1 +100%/);
    expect(memoryPlot(result)).toContain('a&lt;b');
  });
});

describe('beside PEFT', () => {
  it('notes what a trainer is told, so that another can take the same steps', async () => {
    const { recording } = await load<{
      recording: (trainer: object) => {
        trainer: {
          add: (example: object) => number;
          backward: (batch: object[]) => Promise<unknown>;
          update: (rate: number) => Promise<unknown>;
        };
        examples: object[];
        steps: { rate: number; batch: number[][]; loss: number; ms: number }[];
      };
    }>('recording');
    const told: unknown[] = [];
    const { trainer, examples, steps } = recording({
      add: () => 7,
      backward: (batch: object[]) => Promise.resolve({ examples: batch.map(() => ({ sumLoss: 6 })) }),
      update: (rate: number) => Promise.resolve(told.push(rate)),
    });
    const example = { tokens: Uint32Array.of(5, 6), weights: Float32Array.of(0, 2), adaptedFrom: 1 };
    expect(trainer.add(example)).toBe(7);
    await trainer.backward([{ example: 7, scale: 0.5 }]);
    await trainer.update(1e-3);
    expect(examples).toEqual([{ tokens: [5, 6], weights: [0, 2], from: 1 }]);
    expect(steps).toMatchObject([{ rate: 1e-3, batch: [[7, 0.5]], loss: 3 }]);
    expect(steps[0]!.ms).toBeGreaterThanOrEqual(0);
    expect(told).toEqual([1e-3]);
  });

  it('is shown as a line a memory and the medians, or with the reason why there is none', () => {
    const result = {
      ...{ machine: { cpu: 'C', cores: 2, kernel: 'k', load: 0 }, peakGflops: { f32: 9 }, engram: '1', node: '20' },
      ...{ date: 'today', seconds: 3, options: { kind: 'zsre', count: 1, offset: 0, seed: 1, model: 'm' }, rows: [] },
    };
    const figures = { steps: 6, engramSeconds: 1, peftSeconds: 7, ratio: 7, cpuRatio: 6.5 };
    const peft = { versions: { peft: '0', torch: '2' }, dtype: 'float32', precision: 'int8', threads: 2, memories: 1 };
    const shown = memoryTable({ ...result, peft: { ...peft, ...figures, rows: [{ case: 'zsre-1', ...figures }] } });
    expect(shown).toMatch(/zsre-1 +6 +1 +7 +7 +6\.5\nmedian of 1 +6 +1 +7/);
    expect(memoryTable({ ...result, peft: { why: 'no Python' } })).toContain('Without PEFT: no Python');
  });
});

describe('the journal', () => {
  it('measures once, also in the next process, and a line that was cut off again', async () => {
    const path = join(newFolder(), 'run.jsonl');
    const first = new Journal(path, { kind: 'zsre' });
    await first.once('a', () => 1);
    await first.once('b', () => 2);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -4));
    const second = new Journal(path, { kind: 'zsre' });
    expect(await second.once('a', () => 'again')).toBe(1);
    expect(await second.once('b', () => 'again')).toBe('again');
    expect(new Journal(path, { kind: 'zsre' }).has('b')).toBe(true);
  });

  it('refuses the file of another run, and a file of something else, and leaves both as they are', () => {
    const folder = newFolder();
    const path = join(folder, 'run.jsonl');
    new Journal(path, { kind: 'zsre', seed: 1 });
    expect(() => new Journal(path, { kind: 'zsre', seed: 2 })).toThrow(/another run \(seed\)/);
    const notes = join(folder, 'notes.txt');
    appendFileSync(notes, 'dear diary');
    expect(() => new Journal(notes, {})).toThrow('no file of results');
    expect(readFileSync(notes, 'utf8')).toBe('dear diary');
  });

  it('keeps nothing of what failed', async () => {
    const journal = new Journal(undefined, {});
    await expect(journal.once('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(journal.has('a')).toBe(false);
  });
});

it('says how long the rest takes, from what was done in this run', () => {
  let now = 0;
  const estimate = new Estimate(3, () => now);
  expect(estimate.toString()).toBe('0 of 3');
  const after = (ms: number): string => {
    now += ms;
    estimate.tick();
    return estimate.toString();
  };
  expect([after(60_000), after(60_000), after(1)]).toEqual([
    '1 of 3, about 2 min left',
    '2 of 3, about 60 s left',
    '3 of 3',
  ]);
});

describe('the order of things', () => {
  const fact = (id: string): Case => ({
    id,
    inputs: [{}],
    text: id,
    asked: [{ ask: 'efficacy', question: `what is ${id}`, answers: [id] }],
    neighbours: [`near ${id}`],
  });

  /** A brain that answers with the names of all it holds. */
  class Brain {
    readonly held = new Set<string>();
    readonly said: string[] = [];
    learn({ id }: Case): Promise<object> {
      this.said.push(`learn ${id}`);
      this.held.add(id);
      return Promise.resolve({ seconds: 1, memories: [{ id, committed: true, steps: 1, seconds: 1 }] });
    }
    readonly expected = new Map<string, string | undefined>();
    ask(question: string, { memory, expected }: { memory?: string; expected?: string }): Promise<Said> {
      this.said.push(`ask ${question}${memory === undefined ? '' : ` with ${memory}`}`);
      this.expected.set(question, expected);
      return Promise.resolve({ text: [...this.held].join(), on: [], passages: [] });
    }
    forget({ id }: Case): Promise<void> {
      this.held.delete(id);
      return Promise.resolve();
    }
    forgetAll(): Promise<void> {
      this.held.clear();
      return Promise.resolve();
    }
    checkHeld(): void {
      // All is there.
    }
    close(): Promise<void> {
      return Promise.resolve();
    }
  }

  const measure = async (options: object, path?: string, signal = new AbortController().signal) => {
    const { Measurement } = await load<{
      Measurement: new (parts: object) => {
        strategy: (name: string) => Promise<void>;
        results: (name: string) => Map<number, Result & Partial<Answers>>;
        left: (strategies: string[]) => number;
      };
    }>('measure');
    const brain = new Brain();
    const measurement = new Measurement({
      ...{
        cases: [fact('a'), fact('b')],
        unrelated: ['u'],
        journal: new Journal(path, {}),
        signal,
        tick: () => undefined,
      },
      options: { sequential: false, gate: true, parallel: 1, strategies: ['none', 'weights'], ...options },
      open: () => Promise.resolve(brain),
    });
    return { measurement, brain };
  };

  it('alone, each is remembered, asked about and forgotten before the next', async () => {
    const { measurement, brain } = await measure({ forget: true });
    await measurement.strategy('weights');
    expect(brain.said).toEqual([
      ...['learn a', 'ask what is a', 'ask near a', 'ask u', 'ask what is a'],
      ...['learn b', 'ask what is b', 'ask near b', 'ask u', 'ask what is b'],
    ]);
    const [first] = measurement.results('weights').values();
    expect(first?.gated?.asked[0]?.text).toBe('a');
    expect(first?.forgotten?.[0]?.text).toBe('');
  });

  it('in one brain, all are remembered, then every second one is forgotten, then all are asked, the same once', async () => {
    const { measurement, brain } = await measure({ sequential: true, forget: true });
    await measurement.strategy('weights');
    expect(brain.said).toEqual(['learn a', 'learn b', 'ask what is a', 'ask near a', 'ask u', 'ask what is b']);
    const results = measurement.results('weights');
    expect(results.get(0)?.gated?.asked[0]?.text).toBe('a');
    expect(results.get(1)?.forgotten?.[0]?.text).toBe('a');
  });

  it('without the gate asks everything again with the own memory on', async () => {
    const { measurement, brain } = await measure({ gate: false });
    await measurement.strategy('weights');
    expect(brain.said.slice(0, 7)).toEqual([
      ...['learn a', 'ask what is a', 'ask near a', 'ask u'],
      ...['ask what is a with a', 'ask near a with a', 'ask u with a'],
    ]);
  });

  it('expects of what must stay, and of it alone, what the base model answered', async () => {
    const { measurement, brain } = await measure({});
    await measurement.strategy('none');
    brain.held.add('another');
    await measurement.strategy('weights');
    expect([...brain.expected]).toEqual([
      ...[['what is a', undefined] as const, ['near a', ''] as const, ['u', ''] as const],
      ...[['what is b', undefined] as const, ['near b', ''] as const],
    ]);
  });

  it('asks the base model only what is compared with', async () => {
    const path = join(newFolder(), 'run.jsonl');
    const lean = await measure({ strategies: ['weights'] }, path);
    expect(lean.measurement.left(['weights'])).toBe(4);
    await lean.measurement.strategy('none');
    expect(lean.brain.said).toEqual(['ask near a', 'ask u', 'ask near b']);
    await lean.measurement.strategy('weights');
    expect(lean.measurement.left(['weights'])).toBe(0);
    expect(lean.measurement.results('none').get(0)?.neighbours).toHaveLength(1);
    const whole = await measure({}, path);
    expect(whole.measurement.left(['none', 'weights'])).toBe(2);
    await whole.measurement.strategy('none');
    expect(whole.brain.said).toContain('ask what is a');
  });

  it('goes on where it was cut off', async () => {
    const path = join(newFolder(), 'run.jsonl');
    const cut = new AbortController();
    const first = await measure({}, path, cut.signal);
    const { brain, measurement } = first;
    const forget = brain.forget.bind(brain);
    brain.forget = async (one) => {
      await forget(one);
      cut.abort();
    };
    await expect(measurement.strategy('weights')).rejects.toThrow(/abort/i);
    expect(measurement.results('weights').size).toBe(1);
    const second = await measure({}, path);
    expect(second.measurement.left(['weights'])).toBe(3); // the base model's two, and one
    await second.measurement.strategy('weights');
    expect(second.brain.said[0]).toBe('learn b');
    expect(second.measurement.results('weights').size).toBe(2);
  });
});
