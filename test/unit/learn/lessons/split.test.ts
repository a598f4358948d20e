import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoriesOf, splitSource } from '../../../../src/learn/lessons/split.js';
import { legible, normalize } from '../../../../src/brain/text.js';

const everyday = readFileSync(new URL('../../../fixtures/everyday/texts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { text: string }).text);

// The grammar library takes seconds to load on a busy machine.
describe('memoriesOf', { timeout: 60_000 }, () => {
  it('leaves a text of a few sentences as one memory', () => {
    expect(memoriesOf('Orla Finch bakes  rye bread. Her oven was built in 1890.')).toEqual([
      'Orla Finch bakes rye bread. Her oven was built in 1890.',
    ]);
  });
  it('takes what a terminal would obey for nothing', () => {
    expect(memoriesOf('The bell\u001b[31m code\u001b[0m is 4471.\u0007')).toEqual(['The bell code is 4471.']);
  });
  it('makes a memory of each sentence of a document, with those that lean on it', () => {
    const text = [
      '# The mill',
      'The mill of Oberbach was built in 1875. It stands on the river. Anton Greiner owned it until 1902.',
      '',
      'What came then? The village bought the mill in 1903.',
    ].join('\n');
    expect(memoriesOf(text)).toEqual([
      'The mill: The mill of Oberbach was built in 1875. It stands on the river.',
      'Anton Greiner owned it until 1902.',
      'What came then? The village bought the mill in 1903.',
    ]);
  });
  it('reads notes: sentences, keys with values, fragments under a heading', () => {
    const text =
      '## Opening hours\n- Mon to Fri, 9 to 5\n* We keep the spare key in the shed.\n\nWifi password: hunter2\n';
    expect(memoriesOf(text)).toEqual([
      'Opening hours: Mon to Fri, 9 to 5',
      'We keep the spare key in the shed.',
      'Opening hours: Wifi password: hunter2',
    ]);
  });
  it('keeps who said what', () => {
    expect(memoriesOf('Carla: I moved to Oslo in spring.\nBen: Really?\nCarla: My flat has a red door.')).toEqual([
      'Carla: I moved to Oslo in spring.',
      'Ben: Really? Carla: My flat has a red door.',
    ]);
  });
  it('takes from a conversation what the user told, and questions with their answers', () => {
    const messages = [
      { role: 'system' as const, content: 'You are a parrot.' },
      { role: 'user' as const, content: 'Hello! My dog is called Biscuit.' },
      { role: 'assistant' as const, content: 'A lovely name, I think.' },
      { role: 'user' as const, content: 'When does the bakery open?' },
      { role: 'assistant' as const, content: 'At seven.' },
    ];
    expect(memoriesOf({ messages })).toEqual([
      'Hello! My dog is called Biscuit.',
      { question: 'When does the bakery open?', answer: 'At seven.' },
    ]);
  });
  it('learns nothing twice', () => {
    expect(memoriesOf(['The door is red and old.', { text: 'The door is  red and old.' }])).toHaveLength(1);
  });
  it('keeps keys, names and marks as they were written', () => {
    const notes =
      'IBAN: DE89 3704 0044\nPIN: 4471#\nURL: https://x.org/a?id=7&v=2.\nWiFi: Blue_Heron *5*\n密码：8812\nC++: yes';
    expect(memoriesOf(notes)).toEqual(notes.split('\n'));
    expect((memoriesOf('I know C#.\n\nI know C++.') as string[]).join(' ')).toBe('I know C#. I know C++.');
    expect(memoriesOf('## Rezept\n1. Mehl sieben\n2. [x] Eier')).toEqual([
      'Rezept: 1. Mehl sieben',
      'Rezept: 2. [x] Eier',
    ]);
  });
  it('says what is in no memory', () => {
    const messages = [
      { role: 'user' as const, content: 'Thanks!' },
      { role: 'user' as const, content: 'Where is the key?' },
      { role: 'user' as const, content: 'My dog Biscuit limps. What can I do?' },
      { role: 'assistant' as const, content: 'See Dr. Ay.' },
    ];
    expect(splitSource({ messages })).toEqual({
      memories: ['My dog Biscuit limps.', { question: 'My dog Biscuit limps. What can I do?', answer: 'See Dr. Ay.' }],
      left: [
        { text: 'Thanks!', why: 'slight' },
        { text: 'Where is the key?', why: 'unanswered' },
      ],
    });
  });
  it('has every word of a text in some memory', () => {
    const line = fc.oneof(
      fc.constantFrom(...everyday),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('', '# The mill', '- ', 'PIN: 44', 'Why?', 'ok', 'x'.repeat(5000)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = lines.join('\n');
        if (normalize(text) === '') return;
        const { memories, left } = splitSource(text);
        const kept = ([...memories, ...left.map((one) => one.text)] as string[]).join('').replace(/\s/gu, '');
        for (const word of legible(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? []) {
          for (let at = 0; at < word.length; at += 1000) expect(kept).toContain(word.slice(at, at + 1000));
        }
      }),
      { numRuns: 60 },
    );
  });
  it('takes long texts, refuses more than 50,000 words and what holds nothing', () => {
    const sentence = (n: number) => `The house number ${n} belongs to Mara Voss.`;
    const long = Array.from({ length: 6200 }, (_, n) => sentence(n));
    expect(memoriesOf(long.slice(0, 600).join(' ')).length).toBe(600);
    expect(() => memoriesOf(long.join(' ').repeat(2))).toThrow(expect.objectContaining({ code: 'too_long' }) as Error);
    for (const empty of ['', ' \n\n', '---\n', '🎉 !', { messages: [] }, []]) {
      expect(() => memoriesOf(empty)).toThrow(expect.objectContaining({ code: 'empty' }) as Error);
    }
  }, 60_000);
});
