// A thought and the answer after it, whole and in pieces of any size.
import { describe, expect, it } from 'vitest';
import { signsOf, splitThought, ThoughtStream } from '../../../src/inference/thoughts.js';

const SIGNS = { open: '<think>', close: '</think>' };

function stream(text: string, size: number, isOpen = false) {
  const got = { thought: '', answer: '' };
  const on = {
    thought: (piece: string) => void (got.thought += piece),
    answer: (piece: string) => void (got.answer += piece),
  };
  const thoughts = new ThoughtStream(SIGNS, isOpen, on);
  for (let at = 0; at < text.length; at += size) thoughts.push(text.slice(at, at + size));
  return { ...got, ...{ end: thoughts.end() }, after: got };
}

describe('a thought', () => {
  it('is told from the answer, however the text comes', () => {
    for (const size of [1, 2, 3, 7, 100]) {
      const { after, end } = stream('\n<think>\nA < b, so </b>.\n</think>\n\nYes: </think> it is.', size);
      expect(end).toEqual({ text: 'Yes: </think> it is.', thinking: 'A < b, so </b>.' });
      expect(after).toEqual({ answer: end.text, thought: end.thinking });
    }
  });

  it('need not be there', () => {
    for (const size of [1, 4, 100]) {
      for (const text of ['Yes.', ' <thin air', '<', '', 'I <think> so</think>']) {
        const { after, end } = stream(text, size);
        expect(end).toEqual({ text });
        expect(after).toEqual({ answer: text, thought: '' });
      }
    }
  });

  it('may have been opened by the prompt, and may not end', () => {
    expect(stream('so it is\n</think>\n\nYes', 2, true).end).toEqual({ text: 'Yes', thinking: 'so it is' });
    const { after, end } = stream('<think>on and </thi', 3);
    expect(end).toEqual({ text: '', thinking: 'on and </thi' });
    expect(after).toEqual({ answer: '', thought: 'on and </thi' });
  });

  it('has the signs that the template knows', () => {
    expect(signsOf(`{{ m.content.split('[/THINK]')[-1] }}`)).toEqual({ open: '[THINK]', close: '[/THINK]' });
    expect(signsOf('{{ m.content }}')).toBeUndefined();
    expect(splitThought('[THINK]a[/THINK] b', signsOf('[/THINK]')!)).toEqual({ thought: 'a', answer: 'b' });
  });
});
