// The benchmark of conversation memories without a model: how LoCoMo is read, and what is scored.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Conversation {
  name: string;
  speakers: string[];
  exchanges: { human: string; ai: string }[];
  questions: { id: number; question: string; answer: string; evidence: string[] }[];
}

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../scripts/bench/chat-memory/${name}.mjs`, import.meta.url).href)) as T;

const { readConversations, evenly } = await load<{
  readConversations: (folder: string, most?: number) => Conversation[];
  evenly: (all: number[], count: number) => number[];
}>('locomo');
const { evidenceRecall, answerInPrompt, f1 } = await load<{
  evidenceRecall: (prompt: string, evidence: string[]) => number;
  answerInPrompt: (prompt: string, answer: string) => number;
  f1: (answer: string, expected: string) => number;
}>('scores');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
  const turn = (speaker: string, id: string, text: string) => ({ speaker, dia_id: id, text });
  const qa = (question: string, evidence: string[], category = 1) => ({ question, answer: 2022, evidence, category });
  writeFileSync(
    join(folder, '7.json'),
    JSON.stringify({
      speaker_a: 'Ann',
      speaker_b: 'Bob',
      session_1_date_time: '1 May',
      session_1: [turn('Bob', 'D1:1', 'Hi Ann.'), turn('Ann', 'D1:2', 'I paint.'), turn('Bob', 'D1:3', 'Lovely.')],
      session_2_date_time: '2 May',
      session_2: [turn('Ann', 'D2:1', 'I moved.'), turn('Ann', 'D2:2', 'To Oslo.'), turn('Bob', 'D2:3', 'Far!')],
      qa: [qa('When?', ['D1:2']), qa('Where?', ['D2:2; D2:1']), qa('Why?', ['D1:2'], 5), qa('Who?', [])],
    }),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a conversation of LoCoMo', () => {
  it('is exchanges with the date of their session, and the questions that it answers', () => {
    const [conversation] = readConversations(folder);
    expect(conversation).toEqual({
      name: '7',
      speakers: ['Ann', 'Bob'],
      exchanges: [
        { human: '', ai: '(1 May) Hi Ann.' },
        { human: '(1 May) I paint.', ai: 'Lovely.' },
        { human: '(2 May) I moved.', ai: '' },
        { human: '(2 May) To Oslo.', ai: 'Far!' },
      ],
      questions: [
        { id: 0, question: 'When?', answer: '2022', evidence: ['I paint.'] },
        { id: 1, question: 'Where?', answer: '2022', evidence: ['To Oslo.', 'I moved.'] },
      ],
    });
  });

  it('is cut off with its questions', () => {
    const [conversation] = readConversations(folder, 2);
    expect(conversation!.exchanges).toHaveLength(2);
    expect(conversation!.questions.map(({ id }) => id)).toEqual([0]);
    expect(() => readConversations(join(folder, 'none'))).toThrow(/LoCoMo/u);
  });

  it('is asked questions from all over it', () => {
    expect(evenly([0, 1, 2, 3, 4, 5], 3)).toEqual([0, 2, 4]);
    expect(evenly([0, 1], 3)).toEqual([0, 1]);
  });
});

describe('scores', () => {
  const evidence = ['I painted that lake sunrise last year! It is special to me.'];

  it('count evidence that was kept as it was said, or in other words', () => {
    expect(evidenceRecall(`Ann: Hi.\nBob: ${evidence[0]!}`, evidence)).toBe(1);
    expect(evidenceRecall('Bob painted a lake sunrise last year.', evidence)).toBe(0.5);
    // Its words all over the prompt are not what was said.
    expect(evidenceRecall('painted\nlake\nsunrise\nlast\nyear\nspecial?', ['I painted that lake sunrise.'])).toBe(0);
    expect(evidenceRecall('', evidence)).toBe(0);
  });

  it('count the words of the answer', () => {
    expect(answerInPrompt('It was in 2022.', '7 June 2022')).toBeCloseTo(1 / 3);
    expect(f1('The painted lake', 'a lake')).toBeCloseTo(2 / 3);
    expect(f1('No idea', 'a lake')).toBe(0);
  });
});
