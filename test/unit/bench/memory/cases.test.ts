// What is remembered and asked, made of rows of each kind of data.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load, newFolder, type Case } from './parts.js';

const { readCases, readUnrelated } = await load<{
  readCases: (options: { kind: string; data: string; count: number; offset: number; seed: number }) => Case[];
  readUnrelated: (options: { data: string; unrelated?: string; seed: number; most: number }) => string[];
}>('cases');
const { kindOf, namesOf } = await load<{ kindOf: (question: string) => string; namesOf: (text: string) => string[] }>(
  'passages',
);

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
