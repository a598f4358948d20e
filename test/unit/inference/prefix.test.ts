import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../src/inference/index.js';
import { Prefix } from '../../../src/inference/prefix.js';

const encode = (messages: readonly ChatMessage[]): number[] =>
  Array.from(messages.map(({ role, content }) => `<${role}>${content}`).join(''), (c) => c.codePointAt(0)!);
const user = (content: string): ChatMessage => ({ role: 'user', content });
const system = (content: string): ChatMessage => ({ role: 'system', content });

describe('what conversations begin with alike', () => {
  const prefix = new Prefix(encode);
  const of = (...messages: ChatMessage[]): number => prefix.length(messages, encode(messages));

  it('is all before the first question', () => {
    expect(of(user('Hi'))).toBe('<user>'.length);
    expect(of(system('Be kind.'), user('Hi'), { role: 'assistant', content: 'Hello' }, user('Well?'))).toBe(
      '<system>Be kind.<user>'.length,
    );
    expect(of(system('Be brief.'), user('Hi'))).toBe('<system>Be brief.<user>'.length);
  });

  it('never is the whole prompt, from whose end the answer begins', () => {
    expect(of(user(''))).toBe('<user>'.length - 1);
  });
});
