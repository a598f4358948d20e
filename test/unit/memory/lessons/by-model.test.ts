import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withModelLessons } from '../../../../src/memory/lessons/by-model.js';
import { lessonsFor } from '../../../../src/memory/lessons/make.js';
import { FakeGenerator } from '../../../fakes/generator.js';

const TEXT = 'Doctor Pell keeps seven parrots in her kitchen.';

/** Writes lessons as scripted, and answers a question about a text as scripted too. */
const modelThat = (write: (content: string) => unknown) =>
  new FakeGenerator(4096, (messages) => {
    const content = messages.at(-1)!.content;
    if (content.startsWith('Write')) return JSON.stringify(write(content));
    const scripted = [...pairs(good(content)), { question: '', answer: 'The Bears!' }];
    return scripted.find(({ question }) => content.endsWith(question))!.answer;
  });

const pairs = (written: unknown) =>
  (written as { question?: string; answer: string }[]).flatMap(({ question, answer }) =>
    question === undefined ? [] : [{ question, answer }],
  );

const good = (content: string): unknown => {
  if (content.includes('Tilda'))
    return [
      { question: 'Who planted the pear trees?', answer: 'Tilda Overmeer' },
      { question: 'How many pear trees are behind the school?', answer: 'forty' },
      { question: 'When were the trees planted?', answer: '1968' },
      { question: 'Where is the school with the trees?', answer: 'Hask' },
    ];
  if (content.includes('ferry'))
    return [
      { question: 'Where does the ferry leave from?', answer: 'pier six' },
      { question: 'When does the ferry leave?', answer: 'every Friday' },
      { question: 'Why does the ferry leave then?', answer: 'the tide is high' },
      { question: 'Where does the ferry go?', answer: 'Little Moss' },
    ];
  if (content.includes('Pell'))
    return [
      { question: 'Which birds live in the kitchen?', answer: 'parrots' },
      { question: 'Who is the doctor with seven parrots?', answer: 'seven parrots' },
      { question: 'Where do the parrots fly to?', answer: 'Africa' },
      { question: 'What is the capital of France?', answer: 'Doctor Pell' },
    ];
  return ['Which team were the winners in 1994?', 'Who was the winner?', 'Which team won in 1995?', 'Winner 1994?'];
};

const writer = (generator: FakeGenerator) => ({
  generator,
  modelSha256: 'a'.repeat(64),
  cache: mkdtempSync(join(tmpdir(), 'engram-writer-')),
});

// The grammar library takes seconds to load on a busy machine.
describe('lessons that the model writes', { timeout: 60_000 }, () => {
  it('are taken where the checks bear them out', async () => {
    const plain = lessonsFor(TEXT);
    const { lessons } = await withModelLessons(writer(modelThat(good)), plain);
    expect(lessons.slice(plain.lessons.length)).toEqual([
      { question: 'Which birds live in the kitchen?', answer: TEXT, expected: 'parrots', full: false },
    ]);
  });
  it('keep the names and numbers of a question', async () => {
    const plain = lessonsFor({ question: 'Which team won in 1994?', answer: 'The Bears!' });
    const { lessons } = await withModelLessons(writer(modelThat(good)), plain);
    const added = lessons.slice(plain.lessons.length).map(({ question }) => question);
    expect(added).toEqual(['Which team were the winners in 1994?', 'Winner 1994?']);
  });
  it('are not asked for of a model that fails the exam, which is held once', async () => {
    const generator = modelThat(() => [{ question: 'What?', answer: 'x' }]);
    const parts = writer(generator);
    const plain = lessonsFor(TEXT);
    expect(await withModelLessons(parts, plain)).toBe(plain);
    const asked = generator.asked.length;
    expect(asked).toBe(1);
    expect(await withModelLessons(parts, plain)).toBe(plain);
    expect(generator.asked.length).toBe(asked);
  });
});
