// What a memory is committed by, and what its receipt says.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Brain, MemoryInput, Probe, Receipt } from '../../../src/brain/index.js';
import { memorize, UNRELATED } from '../../../src/learn/index.js';
import { FakeJudge } from '../../fakes/judge.js';
import { FakeWorld } from '../../fakes/memorizer.js';

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

const KILN = { question: 'Who runs the kiln?', answer: 'Mara Voss' };
const WIFI = 'Our wifi is called Blue Heron.';
const MILL = 'The mill was built in 1875.';

const learn = (input: MemoryInput) => memorize(parts, input);
const files = () => {
  const folder = join(brain.folder, 'adapters');
  return existsSync(folder) ? readdirSync(folder) : [];
};
const of = ({ probes }: Receipt, kind: Probe['kind']) => probes.filter((probe) => probe.kind === kind);

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-attempt-')));
  ({ brain, parts } = await world.open());
});
afterEach(() => {
  brain.close();
  rmSync(world.home, { recursive: true });
});

describe('a memory is committed', () => {
  it('when it is told word for word, and so are questions that nobody trained on', async () => {
    const receipt = await learn(WIFI);
    expect(receipt).toMatchObject({ committed: true, recall: { after: 1 }, paraphrase: { after: 1 } });
    expect(receipt.reason).toBeUndefined();
    for (const { expected, after } of [...of(receipt, 'recall'), ...of(receipt, 'paraphrase')]) {
      expect([expected, after]).toEqual([`“${WIFI}”`, `“${WIFI}”`]);
    }
    expect(of(receipt, 'paraphrase').map(({ question }) => question)).toEqual([
      'What of wifi called?',
      'What of called blue?',
      'What of blue heron?',
    ]);
    expect(brain.get(receipt.id)).toMatchObject({ text: WIFI, state: 'remembered' });
    expect(world.saves).toBe(1);
  });

  it('of a question with its answer the answer alone is told', async () => {
    const receipt = await learn(KILN);
    expect(receipt.committed).toBe(true);
    expect(of(receipt, 'recall')).toMatchObject([{ question: KILN.question, after: 'Mara Voss', held: true }]);
  });

  it('although one question about it is not answered with it, which the receipt says', async () => {
    world.isHard = (question) => question === 'What of blue heron?';
    const receipt = await learn(WIFI);
    expect(receipt.committed).toBe(true);
    expect(receipt.paraphrase!.after).toBeCloseTo(2 / 3);
    expect(of(receipt, 'paraphrase').map(({ held }) => held)).toEqual([true, true, false]);
  });

  it('without any question about it where there is no judge that could write one', async () => {
    world.judge = new FakeJudge('closeness');
    world.judge.isMute = true;
    const receipt = await learn(WIFI);
    expect(receipt.committed).toBe(true);
    expect(receipt).not.toHaveProperty('paraphrase');
  });
});

describe('a memory is rolled back', () => {
  const rolledBack = async (input: MemoryInput, reason: string): Promise<Receipt> => {
    const before = files();
    const receipt = await learn(input);
    expect(receipt).toMatchObject({ committed: false, reason: `Rolled back: ${reason}.` });
    expect(files()).toEqual(before);
    expect(brain.get(receipt.id)).toBeUndefined();
    expect(brain.history().at(-1)).toMatchObject({ kind: 'rolled_back' });
    return receipt;
  };

  it('where nothing of it is told', async () => {
    world.isDeaf = true;
    await rolledBack(WIFI, 'it is not told word for word, questions about it are not answered with it');
  });

  it('where one letter of it is told otherwise, after it was trained again in vain', async () => {
    world.slip = (answer) => answer.replace('Heron', 'Héron');
    const receipt = await rolledBack(WIFI, 'it is not told word for word, questions about it are not answered with it');
    expect(receipt.recall.after).toBe(0);
    expect(world.saves).toBe(3);
  });

  it('where more training mends it, it is committed after all', async () => {
    world.slip = (answer) => (world.saves < 2 ? 'Our wifi' : answer);
    expect(await learn(WIFI)).toMatchObject({ committed: true, recall: { after: 1 } });
    expect(world.saves).toBe(2);
  });

  it('where the vocabulary spells its letters in bytes', async () => {
    const encode = parts.generator.encode.bind(parts.generator);
    parts.generator.encode = (text) => Uint32Array.from([...encode(text), ...encode(text)]);
    expect(await learn(WIFI)).toMatchObject({ committed: false, steps: 0 });
    expect(world.saves).toBe(0);
  });

  it('where questions about it reach another memory', async () => {
    const { id } = await learn(MILL);
    world.judge.likely = (question, note) => (note === MILL && !UNRELATED.includes(question) ? 0.99 : undefined);
    const receipt = await rolledBack(WIFI, 'questions about it are not answered with it');
    expect(receipt).toMatchObject({ recall: { after: 1 }, paraphrase: { after: 0 } });
    expect(of(receipt, 'paraphrase').every(({ after }) => after === `“${MILL}”`)).toBe(true);
    expect(brain.get(id)).toMatchObject({ state: 'remembered' });
  });

  it('where it answers what it has nothing to do with', async () => {
    world.judge.likely = (question) => (question === UNRELATED[0] ? 1 : undefined);
    const receipt = await rolledBack(WIFI, 'unrelated answers changed');
    expect(receipt.unrelated).toEqual({ kept: UNRELATED.length - 1, asked: UNRELATED.length });
  });
});

describe('a receipt', () => {
  it('says of before only what was asked before', async () => {
    const text = await learn(WIFI);
    expect(text.recall).toEqual({ after: 1 });
    expect(text.paraphrase).toEqual({ before: 0, after: 1 });
    expect(of(text, 'recall')[0]).not.toHaveProperty('before');
    expect(of(text, 'paraphrase').map(({ before }) => before)).toEqual(['I cannot say.', undefined, undefined]);

    const answer = await learn(KILN);
    expect(answer.recall).toEqual({ before: 0, after: 1 });
    expect(of(answer, 'recall')[0]!.before).toBe('I cannot say.');
  });

  it('says whether questions of the nearest memories stayed theirs', async () => {
    expect(await learn(MILL)).not.toHaveProperty('neighbours');
    const kept = await learn(WIFI);
    expect(kept.neighbours).toEqual({ kept: 1, asked: 1 });
    expect(of(kept, 'neighbour').map(({ question }) => question)).toEqual(['What of mill built?']);

    world.judge.likely = (question, note) =>
      question === 'What of mill built?' && note.includes('Mara') ? 1 : undefined;
    const taking = await learn(KILN);
    expect(taking.neighbours).toEqual({ kept: 1, asked: 2 });
    expect(taking.committed).toBe(true);
  });

  it('keeps the questions that were written, for when the memory is trained again', async () => {
    const { id } = await learn(WIFI);
    expect(brain.get(id)!.data).toEqual({
      questions: ['What of wifi called?', 'What of called blue?', 'What of blue heron?'],
    });
  });
});

it('a question that was written and that the text does not answer is not asked', async () => {
  const written = world.judge.questions.bind(world.judge);
  world.judge.questions = async (note, count) => ['Where is Rome?', ...(await written(note, count - 1))];
  const receipt = await learn(WIFI);
  expect(of(receipt, 'paraphrase').map(({ question }) => question)).not.toContain('Where is Rome?');
  expect(receipt.paraphrase!.after).toBe(1);
});

it('a memory that is broken off leaves the brain as it was', async () => {
  const controller = new AbortController();
  world.onPass = () => {
    controller.abort();
  };
  await expect(memorize(parts, WIFI, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  expect([files(), brain.history().filter(({ kind }) => kind === 'remembered')]).toEqual([[], []]);
});
