// Answers, receipts and passages as the engine gives them, for tests to change what they are about.
import type { Answer, FoundPassage, Receipt } from '../../src/index.js';

export function newAnswer(text: string, changes: Partial<Answer> = {}): Answer {
  return {
    answer: text,
    source: 'base',
    memories: [],
    passages: [],
    promptTokens: 9,
    reusedTokens: 0,
    tokens: 3,
    seconds: 0.1,
    finishReason: 'stop',
    ...changes,
  };
}

export function newReceipt(id: string, changes: Partial<Receipt> = {}): Receipt {
  return {
    id,
    loss: { before: 3.2, after: 0.05 },
    recall: { before: 0, after: 1 },
    paraphrase: { before: 0, after: 0.75 },
    unrelated: { kept: 4, asked: 4 },
    seconds: 2.1,
    steps: 8,
    tokens: 1200,
    flop: 1e11,
    committed: true,
    probes: [],
    ...changes,
  };
}

export function newPassage(text: string, changes: Partial<FoundPassage> = {}): FoundPassage {
  return {
    ...{ id: 1, source: '/notes/kiln.md', title: 'Kilns', headings: ['Kilns', 'Firing'], page: undefined },
    place: 'Kilns › Firing (kiln.md)',
    ...{ start: 10, end: 10 + text.length, text, metadata: {}, score: 0.03, cosine: 0.7, relevance: 0.8 },
    ...changes,
  };
}
