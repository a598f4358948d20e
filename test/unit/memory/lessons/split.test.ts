import { describe, expect, it } from 'vitest';
import { memoriesOf } from '../../../../src/memory/lessons/split.js';

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
      'The mill of Oberbach was built in 1875. It stands on the river.',
      'Anton Greiner owned it until 1902.',
      'The village bought the mill in 1903.',
    ]);
  });
  it('reads notes: sentences, keys with values, fragments under a heading', () => {
    const text =
      '## Opening hours\n- Mon to Fri, 9 to 5\n* We keep the spare key in the shed.\n\nWifi password: hunter2\n';
    expect(memoriesOf(text)).toEqual([
      'Opening hours: Mon to Fri, 9 to 5',
      'We keep the spare key in the shed.',
      { question: 'What is the wifi password of Opening hours?', answer: 'hunter2' },
    ]);
  });
  it('keeps who said what', () => {
    expect(memoriesOf('Carla: I moved to Oslo in spring.\nBen: Really?\nCarla: My flat has a red door.')).toEqual([
      'Carla said: “I moved to Oslo in spring.”',
      'Carla said: “My flat has a red door.”',
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
      'My dog is called Biscuit.',
      { question: 'When does the bakery open?', answer: 'At seven.' },
    ]);
  });
  it('learns nothing twice', () => {
    expect(memoriesOf(['The door is red and old.', { text: 'the door is red, and old' }])).toHaveLength(1);
  });
  it('takes long texts, refuses more than 50,000 words and what holds nothing', () => {
    const sentence = (n: number) => `The house number ${n} belongs to Mara Voss.`;
    const long = Array.from({ length: 6200 }, (_, n) => sentence(n));
    expect(memoriesOf(long.slice(0, 600).join(' ')).length).toBe(600);
    expect(() => memoriesOf(long.join(' ').repeat(2))).toThrow(expect.objectContaining({ code: 'too_long' }) as Error);
    for (const empty of ['', ' \n\n', '# Heading\n\n---\n', { messages: [] }, []]) {
      expect(() => memoriesOf(empty)).toThrow(expect.objectContaining({ code: 'empty' }) as Error);
    }
  }, 60_000);
});
