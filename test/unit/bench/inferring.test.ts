// How generation is measured, without a model: texts of a length, work that is stopped, speeds and ratios, the table.
import { describe, expect, it } from 'vitest';

interface Once {
  tokens: number;
  ms: number;
}
interface Timed {
  msPerToken?: number;
  inTime: boolean;
}
interface Person {
  name: string;
  threads: number | 'own';
  inTime: boolean;
  why?: string;
  steps?: number;
  trainedSeconds?: number;
}
type Row = Record<string, unknown>;

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../scripts/bench/${name}.mjs`, import.meta.url).href)) as T;

const { textOf } = await load<{ textOf: (count: (text: string) => number, tokens: number, variant: number) => string }>(
  'infer/prompts',
);
const { repeat } = await load<{
  repeat: (
    once: (signal: AbortSignal) => Promise<Once>,
    limits: { seconds: number; limitMs: number },
  ) => Promise<Timed>;
}>('infer/work');
const { compare, addShares } = await load<{
  compare: (parts: Person[], rounds: (number | undefined)[][], threads: number | 'own') => Row;
  addShares: (rows: Row[]) => Row[];
}>('infer/rows');
const { Part, Speakers } = await load<{
  Speakers: new (options: object) => {
    parts: (work: object, condition: string, threads: (number | 'own')[]) => Person[];
  };
  Part: new (
    one: { name: string; threads: number; timed: (work: unknown) => Promise<unknown> },
    work: object,
    options: { limitMs: number; isOver: () => boolean },
  ) => Person & { turn: (seconds: number) => Promise<number | undefined> };
}>('infer/speakers');
const { inferTable } = await load<{ inferTable: (result: unknown) => string }>('infer-table');

describe('the texts to read', () => {
  const words = (text: string): number => text.split(' ').length;

  it('have the tokens that were asked for, however a tokenizer counts', () => {
    expect(words(textOf(words, 128, 0))).toBe(128);
    const letters = textOf((text) => text.length, 100, 3).length;
    expect(letters).toBeLessThanOrEqual(100);
    expect(letters).toBeGreaterThan(90);
  });

  it('differ from the first word on when they follow one another', () => {
    const first = Array.from({ length: 20 }, (_, variant) => textOf(words, 8, variant).split(' ')[0]);
    expect(first.every((word, i) => word !== first[i + 1])).toBe(true);
  });
});

describe('a piece of work', () => {
  it('is the median of its repetitions', async () => {
    const times = [300, 100, 200];
    const once = async (): Promise<Once> => {
      await new Promise((done) => setTimeout(done, 30));
      return { tokens: 10, ms: times.pop() ?? 200 };
    };
    expect(await repeat(once, { seconds: 0.08, limitMs: 5000 })).toEqual({ inTime: true, msPerToken: 20 });
  });

  it('that takes too long is what was done of it', async () => {
    const slow = (signal: AbortSignal): Promise<Once> =>
      new Promise((done) => {
        signal.addEventListener('abort', () => {
          done({ tokens: 2, ms: 50 });
        });
      });
    expect(await repeat(slow, { seconds: 1, limitMs: 20 })).toEqual({ inTime: false, msPerToken: 25 });
  });

  it('without one token has no speed', async () => {
    const stuck = (signal: AbortSignal): Promise<Once> =>
      new Promise((done) => {
        signal.addEventListener('abort', () => {
          done({ tokens: 0, ms: 50 });
        });
      });
    expect((await repeat(stuck, { seconds: 1, limitMs: 20 })).msPerToken).toBeUndefined();
  });
});

describe('a turn', () => {
  const part = (answer: () => Promise<unknown>, isOver = false) =>
    new Part({ name: 'engram', threads: 1, timed: answer }, {}, { limitMs: 1000, isOver: () => isOver });

  it('that was not done in time is the last, and says what there is', async () => {
    const late = part(() => Promise.resolve({ inTime: false, msPerToken: 4000 }));
    expect(await late.turn(1)).toBe(4000);
    expect(await late.turn(1)).toBeUndefined();
    expect(late).toMatchObject({ inTime: false, why: undefined });
  });

  it('that failed has a reason and no other follows', async () => {
    const broken = part(() => Promise.reject(new Error('no answer within 20 s')));
    expect(await broken.turn(1)).toBeUndefined();
    expect(broken.why).toBe('no answer within 20 s');
  });

  it('does not begin when the time is over', async () => {
    const over = part(() => Promise.resolve({ inTime: true, msPerToken: 1 }), true);
    expect(await over.turn(1)).toBeUndefined();
    expect(over.why).toBe('no time left');
  });

  it('counts the steps of a training beside it', async () => {
    const trains = part(() => Promise.resolve({ inTime: true, msPerToken: 1, steps: 3, seconds: 2 }));
    await trains.turn(1);
    await trains.turn(1);
    expect(trains).toMatchObject({ steps: 6, trainedSeconds: 4 });
  });
});

describe('who takes turns', () => {
  const peers = { llamaBench: { bench: {} }, nodeLlamaCpp: { engine: 'node-llama-cpp' } };
  const names = (kind: string, threads: (number | 'own')[]): string[] =>
    new Speakers({ peers }).parts({ kind }, 'quiet', threads).map(({ name, threads: count }) => `${name} ${count}`);

  it('is engram, then the others with as many threads; its own choice once', () => {
    const each = ['engram', 'llamaBench', 'nodeLlamaCpp'];
    const all = [1, 2].flatMap((count) => each.map((name) => `${name} ${count}`));
    expect(names('prompt', [1, 2, 'own'])).toEqual([...all, 'engram own']);
  });

  it('has the others too where only its own choice is asked for, and llama-bench does not chat', () => {
    expect(names('generation', ['own'])).toContain('llamaBench 1');
    expect(names('chat', [1])).toEqual(['engram 1', 'nodeLlamaCpp 1']);
  });
});

describe('a row', () => {
  const person = (name: string, threads: number | 'own', more: Partial<Person> = {}): Person => {
    return { name, threads, inTime: true, ...more };
  };
  const parts = [
    person('engram', 1),
    person('llamaBench', 1),
    person('engram', 2),
    person('llamaBench', 2),
    person('engram', 'own', { steps: 8, trainedSeconds: 4 }),
  ];
  // Milliseconds a token; the machine is ten times slower in the last round.
  const rounds = [
    [10, 10, 8, 6, 5],
    [10, 12, 8, 6, 5],
    [100, 120, 80, 60, 50],
  ];

  it('sets engram beside as many threads, in tokens a second', () => {
    expect(compare(parts, rounds, 1)).toMatchObject({ engram: 100, llamaBench: 83.33, ratio: 1.2, bestRatio: 0.6 });
    expect(compare(parts, rounds, 2)).toMatchObject({ engram: 125, llamaBench: 166.7, ratio: 0.75 });
  });

  it("sets engram's own choice beside the best of the others", () => {
    expect(compare(parts, rounds, 'own')).toMatchObject({ engram: 200, ratio: 1.2, llamaBenchThreads: 2 });
  });

  it('has the steps of the training that was beside it', () => {
    expect(compare(parts, rounds, 'own')['stepsPerSecond']).toBe(2);
  });

  it('says who was late and who has no figure, and why', () => {
    const late = { inTime: false };
    const some = [person('engram', 1, late), person('llamaBench', 1, { ...late, why: 'not one token within 5 s' })];
    const row = compare(some, [[10, undefined]], 1);
    expect(row).toMatchObject({ engram: 100, late: ['engram'], why: 'llamaBench: not one token within 5 s' });
    expect([row['llamaBench'], row['ratio'], row['nodeLlamaCpp']]).toEqual([undefined, undefined, undefined]);
  });

  it('has the share of the speed in the quiet that is left', () => {
    const row = (condition: string, engram: number): Row => ({ what: 'chat 128', condition, threads: 1, engram });
    const [quiet, busy] = addShares([row('quiet', 100), row('one-core', 90)]) as [Row, Row];
    expect(busy['engramOfQuiet']).toBe(0.9);
    expect(quiet).not.toHaveProperty('engramOfQuiet');
  });
});

describe('the table of generation', () => {
  it('marks what is known of a part only, and gives the reasons', () => {
    const text = inferTable({
      date: '',
      seconds: 1,
      machine: { cpu: 'A', cores: 2, kernel: 'avx2', load: 0 },
      engram: '1',
      node: '20',
      model: { name: 'm' },
      peakGflops: { f32: 200 },
      limitSeconds: 10,
      peers: { llamaBench: { why: 'no cmake' }, nodeLlamaCpp: { version: '3' } },
      rows: [
        {
          what: 'generation 128',
          condition: 'training',
          threads: 2,
          engram: 80,
          nodeLlamaCpp: 0.25,
          late: ['nodeLlamaCpp'],
        },
      ],
      training: [{ threads: 2, alone: 6, whileGenerating: 3, share: 0.5 }],
      starts: [{ what: 'model load', unit: 'ms', engram: 200, nodeLlamaCpp: 400, ratio: 0.5 }],
      adapters: [{ engine: 'engram', adapterMb: 6, why: 'no memory' }],
    });
    expect(text).toContain('no llama-bench: no cmake');
    expect(text).toMatch(/generation 128 +training +2 +80 +~0\.25/);
    expect(text).not.toContain('of quiet  node');
    expect(text).toMatch(/in the same process +2 +6 +3 +50%/);
    expect(text).toMatch(/model load +200 ms +400 ms +0\.5x/);
    expect(text).toContain('~ what was done of it in 10 s (nodeLlamaCpp)');
    expect(text).toContain('engram: no memory');
  });
});
