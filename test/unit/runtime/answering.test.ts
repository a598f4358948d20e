// What is said before an answer, and in place of one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '../../../src/runtime/answering.js';
import type { Brain } from '../../../src/brain/index.js';
import type { AskOptions } from '../../../src/runtime/options.js';
import { memorize } from '../../../src/learn/index.js';
import type { Retrieval } from '../../../src/retrieval/index.js';
import { FakeWorld } from '../../fakes/memorizer.js';

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

const MILL = 'The mill was built in 1875.';
const retrieval = {
  relevant: () => Promise.resolve([]),
  noteUse: () => Promise.resolve(),
} as unknown as Retrieval;

/** The answer, and the pieces in which it was streamed. */
async function ask(question: string, options: AskOptions = {}) {
  const streamed: string[] = [];
  const given = await answer(
    {
      generator: parts.generator,
      retrieval,
      memory: { brain, router: parts.router },
      adaptersOf: () => Promise.resolve([]),
    },
    [{ role: 'user', content: question }],
    { ...options, onText: (piece) => streamed.push(piece) },
  );
  return { ...given, streamed };
}

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-answering-')));
  ({ brain, parts } = await world.open());
  await memorize(parts, MILL);
});
afterEach(() => {
  brain.close();
  rmSync(world.home, { recursive: true });
});

describe('an opening that the judge has decided', () => {
  it('is said and streamed before what the memory tells', async () => {
    world.judge.opening = () => 'No';
    const { answer: said, streamed, source, memories } = await ask('Was the mill built in 1990?');
    expect({ said, source }).toEqual({ said: `No. “${MILL}”`, source: 'weights' });
    expect(memories.map(({ text }) => text)).toEqual([MILL]);
    expect(streamed[0]).toBe('No. ');
    expect(streamed.join('')).toBe(said);
  });

  it('ends as its script ends a sentence', async () => {
    world.judge.opening = () => '是';
    expect((await ask('Was the mill built in 1875?')).answer).toBe(`是。“${MILL}”`);
  });

  it('is not said where the judge decided none', async () => {
    const { answer: said, streamed } = await ask('When was the mill built?');
    expect([said, streamed.join('')]).toEqual([`“${MILL}”`, `“${MILL}”`]);
  });

  it('is not said where no memory answers', async () => {
    world.judge.opening = () => 'Yes';
    expect(await ask('Where is Peru?')).toMatchObject({ answer: 'I cannot say.', source: 'base' });
  });

  it('is not said where a grammar or an opening of their own shapes the answer', async () => {
    world.judge.opening = () => 'Yes';
    for (const shape of [{ grammar: 'root ::= "x"' }, { opening: 'Well: ' }] as AskOptions[]) {
      const { answer: said, streamed } = await ask('Was the mill built in 1875?', shape);
      expect(said).toBe(`${shape.opening ?? ''}“${MILL}”`);
      expect(streamed.join('')).toBe(said);
    }
  });

  it('is not said where a schema shapes the answer', async () => {
    await memorize(parts, { question: 'Which hue has the gate?', answer: '"blue"' });
    world.judge.opening = () => 'Yes';
    const given = await ask('Which hue has the gate?', { jsonSchema: { type: 'string' } });
    expect(given).toMatchObject({ answer: '"blue"', json: 'blue', source: 'weights' });
    expect(given.streamed.join('')).toBe('"blue"');
  });
});

describe('where nothing answers', () => {
  const QUESTION = 'Where did I park?';
  const unknown = { answer: "I don't know that.", source: 'unknown', memories: [], tokens: 0 };

  it('it says so where the judge finds that only the person could tell, without asking the model', async () => {
    world.judge.personal = () => 1;
    const before = parts.generator.asked.length;
    const given = await ask(QUESTION);
    expect(given).toMatchObject(unknown);
    expect(given.streamed).toEqual([unknown.answer]);
    expect(parts.generator.asked).toHaveLength(before);
    expect(await ask(QUESTION, { unknown: 'say' })).toMatchObject(unknown);
  });

  it('the model answers where the judge does not find it personal', async () => {
    for (const personal of [0, 0.5, 0.9]) {
      world.judge.personal = () => personal;
      expect(await ask(QUESTION)).toMatchObject({ answer: 'I cannot say.', source: 'base' });
    }
  });

  it('the model answers where that is asked for, or the answer has a shape', async () => {
    world.judge.personal = () => 1;
    for (const options of [{ unknown: 'answer' }, { grammar: 'root ::= "x"' }, { memories: false }] as AskOptions[]) {
      expect(await ask(QUESTION, options)).toMatchObject({ answer: 'I cannot say.', source: 'base' });
    }
  });

  it('a memory that answers is told, however personal the question is', async () => {
    world.judge.personal = () => 1;
    expect(await ask('When was the mill built?')).toMatchObject({ answer: `“${MILL}”`, source: 'weights' });
  });
});
