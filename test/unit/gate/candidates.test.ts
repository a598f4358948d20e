import { describe, expect, it } from 'vitest';
import { Candidates, closenessOf, type Entry } from '../../../src/gate/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

const embedder = new FakeEmbedder(256);
const entry = async (id: string, text: string, question?: string): Promise<Entry> => ({
  id,
  text,
  vectors: await embedder.embed(question === undefined ? [text] : [text, question]),
});
const vectorOf = async (text: string): Promise<Float32Array> => (await embedder.embed([text]))[0]!;
/** A vector of one direction: texts that lie there mean the same, whatever their words are. */
const direction = (at: number): Float32Array => Float32Array.from({ length: 256 }, (_, i) => (i === at ? 1 : 0));

/** Sixty memories of rooms, all alike. */
async function rooms(): Promise<Candidates> {
  const candidates = new Candidates();
  for (let n = 0; n < 60; n++) candidates.set(await entry(`m-${n}`, `The key of room ${n} hangs in the office.`));
  return candidates;
}

describe('find', () => {
  it('has the one that is closest in meaning among eight, though it shares no word', async () => {
    const candidates = await rooms();
    candidates.set({ id: 'm-heron', text: 'Our wifi is called Blue Heron.', vectors: [direction(3)] });
    const found = candidates.find('Which network do I join?', direction(3));
    expect(found).toHaveLength(8);
    expect(found[0]).toMatchObject({ entry: { id: 'm-heron' }, closeness: 1 });
  });

  it('has the one that shares a rare word among eight, though all others are closer', async () => {
    const candidates = await rooms();
    candidates.set({ id: 'm-zephyr', text: 'Zephyr is fed at noon.', vectors: [direction(3)] });
    const asked = 'The key of room and office: when is Zephyr fed?';
    const found = candidates.find(asked, await vectorOf('The key of room 7 hangs in the office.'));
    expect(found).toHaveLength(8);
    expect(found.map(({ entry: { id } }) => id)).toContain('m-zephyr');
  });

  it('tells one of many alike by its number', async () => {
    const found = (await rooms()).find('Where is the key of room 43?', await vectorOf('Where is the key of a room?'));
    expect(found.map(({ entry: { id } }) => id)).toContain('m-43');
  });

  it('gives the closest first, each once, and never more than it is asked for', async () => {
    const candidates = await rooms();
    const asked = 'The key of room 12 hangs in the office.';
    const found = candidates.find(asked, await vectorOf(asked));
    const closeness = found.map((one) => one.closeness);
    expect(closeness).toEqual([...closeness].sort((a, b) => b - a));
    expect(new Set(found.map((one) => one.entry.id)).size).toBe(8);
    for (const most of [0, 1, 3, 6]) expect(candidates.find(asked, direction(3), new Set(), most)).toHaveLength(most);
    expect(candidates.find(asked, direction(3), new Set(), 100)).toHaveLength(60);
  });

  it('gives all where there are few, and none where there are none', async () => {
    const candidates = new Candidates();
    expect(candidates.find('Who?', direction(0))).toEqual([]);
    candidates.set(await entry('m-1', 'The mill was built in 1875.'));
    expect(candidates.find('Who?', direction(0))).toHaveLength(1);
    expect(candidates.find('', direction(0))).toHaveLength(1);
  });

  it('leaves out what it is told to', async () => {
    const candidates = await rooms();
    const asked = 'Where is the key of room 43?';
    const found = candidates.find(asked, await vectorOf(asked), new Set(['m-43']));
    expect(found.map(({ entry: { id } }) => id)).not.toContain('m-43');
    expect(found).toHaveLength(8);
  });

  it('meets words of scripts that are written without spaces', () => {
    const candidates = new Candidates();
    for (let n = 0; n < 20; n++) candidates.set({ id: `m-${n}`, text: '会议在七楼。', vectors: [direction(1)] });
    candidates.set({ id: 'm-cat', text: '猫粮在厨房。', vectors: [direction(2)] });
    expect(candidates.find('厨房', direction(1)).map(({ entry: { id } }) => id)).toContain('m-cat');
  });
});

describe('closeness', () => {
  it('is that of the nearest of a text and its question', async () => {
    const memory = await entry('m-1', 'Who runs the kiln? Mara Voss', 'Who runs the kiln?');
    expect(closenessOf(memory, await vectorOf('Who runs the kiln?'))).toBeCloseTo(1);
  });
});

describe('what is set and deleted', () => {
  it('is found, and is not found any more', async () => {
    const candidates = await rooms();
    const asked = 'Where is the key of room 43?';
    candidates.delete('m-43');
    candidates.delete('m-43');
    candidates.delete('m-none');
    expect(candidates.size).toBe(59);
    expect(candidates.get('m-43')).toBeUndefined();
    const found = candidates.find(asked, await vectorOf(asked));
    expect(found.map(({ entry: { id } }) => id)).not.toContain('m-43');
  });

  it('takes the place of what had its id, with its words', () => {
    const candidates = new Candidates();
    for (let n = 0; n < 20; n++) candidates.set({ id: `m-${n}`, text: 'A room.', vectors: [direction(1)] });
    candidates.set({ id: 'm-x', text: 'Zephyr sleeps.', vectors: [direction(2)] });
    candidates.set({ id: 'm-x', text: 'Bello sleeps.', vectors: [direction(2)] });
    const ids = (asked: string) => candidates.find(asked, direction(1)).map(({ entry: { id } }) => id);
    expect(candidates.size).toBe(21);
    expect(candidates.get('m-x')!.text).toBe('Bello sleeps.');
    expect(ids('Bello')).toContain('m-x');
    expect(ids('Zephyr')).not.toContain('m-x');
  });

  it('leaves nothing behind that would count among what is left', async () => {
    const [one, other] = [new Candidates(), new Candidates()];
    const texts = Array.from(
      { length: 20 },
      (_, n) => `The kiln of yard ${n} is run by ${n % 3 === 0 ? 'Mara' : 'Bo'}.`,
    );
    for (const [i, text] of texts.entries()) {
      one.set(await entry(`m-${i}`, text));
      other.set(await entry(`m-${i}`, text));
    }
    for (let n = 0; n < 30; n++) other.set(await entry('m-gone', `Kiln number ${n} is hot, hot, hot.`));
    other.delete('m-gone');
    const asked = 'Who runs kiln number 7, Mara or Bo?';
    const vector = await vectorOf(asked);
    expect(other.find(asked, vector)).toEqual(one.find(asked, vector));
  });
});

it('one of many thousands is found among eight', () => {
  const candidates = new Candidates();
  const vector = (n: number): Float32Array => {
    const values = Float32Array.from({ length: 16 }, (_, i) => Math.sin(1 + n * (i + 1)));
    const norm = Math.hypot(...values);
    return values.map((value) => value / norm);
  };
  for (let n = 0; n < 5000; n++) {
    candidates.set({ id: `m-${n}`, text: `Locker ${n} belongs to member ${n % 97}.`, vectors: [vector(n)] });
  }
  for (let n = 0; n < 5000; n += 500) {
    const byWord = candidates.find(`Whose is locker ${n}?`, vector(-1));
    const byMeaning = candidates.find('Whose is it?', vector(n));
    for (const found of [byWord, byMeaning]) expect(found.map(({ entry: { id } }) => id)).toContain(`m-${n}`);
  }
});
