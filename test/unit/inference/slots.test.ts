// What a slot computes of a prompt and what it uses again, over a sequence that only keeps its tokens.
import type { LlamaContext, Token } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { Slot } from '../../../src/inference/slots.js';

class FakeSequence {
  contextTokens: number[] = [];
  /** Tokens of each call. */
  readonly computed: number[] = [];

  constructor(readonly needsCheckpoints = false) {}

  get nextTokenIndex(): number {
    return this.contextTokens.length;
  }

  clearHistory(): Promise<void> {
    this.contextTokens = [];
    return Promise.resolve();
  }

  eraseContextTokenRanges([range]: { start: number; end: number }[]): Promise<void> {
    this.contextTokens.splice(range!.start, range!.end - range!.start);
    return Promise.resolve();
  }

  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void> {
    this.computed.push(tokens.length);
    this.contextTokens.push(...tokens);
    return Promise.resolve();
  }
}

const BLOCK = 4;
function slotOver(
  sequence: FakeSequence,
): (prompt: string, answer?: string) => Promise<{ blocks: number; last: string }> {
  const slot = new Slot({ getSequence: () => sequence } as unknown as LlamaContext, BLOCK);
  return async (prompt, answer = '') => {
    sequence.computed.length = 0;
    const feeding = slot.feed(Array.from(prompt, (c) => c.charCodeAt(0)) as Token[]);
    let fed = await feeding.next();
    while (fed.done !== true) fed = await feeding.next();
    sequence.contextTokens.push(...fed.value, ...Array.from(answer, (c) => c.charCodeAt(0)));
    for (const length of sequence.computed) expect(length).toBe(BLOCK);
    return { blocks: sequence.computed.length, last: String.fromCharCode(...fed.value) };
  };
}

describe('a slot', () => {
  it('computes a prompt in whole blocks, but for the last', async () => {
    const feed = slotOver(new FakeSequence());
    expect(await feed('aaaabbbbc')).toEqual({ blocks: 2, last: 'c' });
    expect(await slotOver(new FakeSequence())('aaaabbbb')).toEqual({ blocks: 1, last: 'bbbb' });
    expect(await slotOver(new FakeSequence())('a')).toEqual({ blocks: 0, last: 'a' });
  });

  it('uses again the blocks that a prompt shares with the one before, not those with tokens of an answer', async () => {
    const feed = slotOver(new FakeSequence());
    await feed('aaaabbbbc', 'xyz');
    expect(await feed('aaaabbbbcxyzdddde')).toEqual({ blocks: 2, last: 'e' });
    expect(await feed('aaaabbbbcxyzdddde')).toEqual({ blocks: 0, last: 'e' });
    expect(await feed('aaaabbZbcxyzdddde')).toEqual({ blocks: 3, last: 'e' });
    expect(await feed('Z')).toEqual({ blocks: 0, last: 'Z' });
    expect(await feed('aaaae')).toEqual({ blocks: 1, last: 'e' });
  });

  it('starts again where the state of a model cannot be cut back', async () => {
    const feed = slotOver(new FakeSequence(true));
    await feed('aaaabbbbc');
    expect(await feed('aaaabbbbd')).toEqual({ blocks: 2, last: 'd' });
  });
});
