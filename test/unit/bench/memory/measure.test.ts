// The order in which things are remembered, asked and forgotten, over a brain that answers with all it holds.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load, newFolder, type Answers, type Case, type Result, type Said } from './parts.js';

const { Journal } = await load<{
  Journal: new (
    path: string | undefined,
    identity: object,
  ) => { once: (key: string, measure: () => unknown) => Promise<unknown>; has: (key: string) => boolean };
}>('journal');

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
