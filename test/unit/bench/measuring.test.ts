// How the benchmarks measure, without a model: rounds in turn, children that fail, batches, the table.
import { describe, expect, it } from 'vitest';

interface Subject {
  turn(): Promise<number | undefined>;
}
interface Measured {
  ms: (number | undefined)[];
  ratios: (number | undefined)[];
  rounds: number;
}
interface Example {
  tokens: number[];
  weights: number[];
}
interface Child {
  ask(message: unknown, limitMs: number): Promise<unknown>;
  end(): Promise<void>;
}

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../scripts/bench/${name}.mjs`, import.meta.url).href)) as T;

const { interleave } = await load<{ interleave: (subjects: Subject[], seconds: number) => Promise<Measured> }>(
  'interleave',
);
const { examplesOf, readShape } = await load<{
  examplesOf: (shape: { batch: number; tokens: number }, vocabularySize: number, learned?: number) => Example[];
  readShape: (text: string) => { batch: number; tokens: number };
}>('shapes');
const { Child } = await load<{ Child: new (command: string, args: string[]) => Child }>('child');
const { trainTable } = await load<{ trainTable: (result: unknown) => string }>('train-table');

/** Takes these times, then none. */
const taking = (...times: number[]): Subject => ({ turn: () => Promise.resolve(times.shift()) });

describe('measuring in turn', () => {
  it('takes a ratio within a round, so that a machine that slows down changes no ratio', async () => {
    const { ratios, ms, rounds } = await interleave([taking(1, 10, 100), taking(2, 20, 200)], 0.5);
    expect({ ratios, ms, rounds }).toEqual({ ratios: [1, 2], ms: [10, 20], rounds: 3 });
  });

  it('keeps what a subject did before it gave up, and goes on with the other', async () => {
    const { ratios, ms } = await interleave([taking(10, 12, 14), taking(30)], 0.5);
    expect({ ratios, ms }).toEqual({ ratios: [1, 3], ms: [12, 30] });
  });

  it('ends when nobody can go on', async () => {
    expect(await interleave([taking(), taking()], 60)).toEqual({
      ms: [undefined, undefined],
      ratios: [undefined, undefined],
      rounds: 1,
    });
  });
});

/** A process may take seconds to start on a busy machine. */
const STARTED_MS = 30_000;

describe('a child that is measured', { timeout: STARTED_MS }, () => {
  const node = (program: string): Child => new Child(process.execPath, ['-e', program]);

  it('is asked line by line; what a library prints in between is no answer', async () => {
    const child = node(
      `process.stdin.on('data', (d) => console.log('Loading\\n' + JSON.stringify({ got: JSON.parse(d) })))`,
    );
    expect(await child.ask(1, STARTED_MS)).toEqual({ got: 1 });
    expect(await child.ask(2, STARTED_MS)).toEqual({ got: 2 });
    await child.end();
  });

  it('is ended when it takes too long', async () => {
    const child = node('setInterval(() => undefined, 1000)');
    await expect(child.ask(1, 50)).rejects.toThrow('no answer within');
    await child.end();
  });

  it('says why it ended', async () => {
    const child = node(`console.error('first\\nNo such model'); process.exitCode = 1`);
    await expect(child.ask(undefined, STARTED_MS)).rejects.toThrow(/^No such model$/);
  });
});

describe('the batches', () => {
  it('have no two sequences that begin alike, and one more token than is learned', () => {
    const examples = examplesOf({ batch: 8, tokens: 64 }, 49152);
    expect(new Set(examples.map(({ tokens }) => tokens[0])).size).toBe(8);
    expect(examples.map(({ tokens }) => tokens.length)).toEqual(Array(8).fill(65));
    expect(examples[0]!.weights.slice(1).every((weight) => weight === 1)).toBe(true);
  });

  it('can be learned in their last part only', () => {
    const [{ weights }] = examplesOf({ batch: 1, tokens: 8 }, 100, 0.25) as [Example];
    expect(weights).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it('are refused where they are none', () => {
    expect(readShape('8x64')).toEqual({ batch: 8, tokens: 64 });
    for (const text of ['', '8', '0x64', '8x', '8x64x2', '-1x4']) expect(() => readShape(text)).toThrow(RangeError);
  });
});

describe('the table', () => {
  const result = {
    date: '',
    seconds: 1,
    threads: 2,
    machine: { cpu: 'A', cores: 2, kernel: 'avx2', load: 0 },
    engram: '1',
    node: '20',
    model: { name: 'm' },
    peakGflops: { f32: 200 },
    peers: { peft: { why: 'no Python' }, qvac: { versions: { bare: '1' } } },
    variants: [],
  };

  it('leaves out columns nobody filled and gives each reason', () => {
    const rows = [{ condition: 'quiet', batch: 1, tokens: 32, engramMs: 100, peftWhy: 'no Python' }];
    const text = trainTable({ ...result, rows });
    expect(text).toContain('1x32   quiet   100 ms');
    expect(text).not.toContain('qvac ratio');
    expect(text).toContain('1x32 quiet, PEFT: no Python');
  });
});
