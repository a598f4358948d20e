// Sentences that have nothing to do with a memory and may stand before a question about it: people come from one thing to
// another. Not here: questions (../replay.ts).
import { createHash } from 'node:crypto';

const REMARKS: readonly string[] = [
  'The train leaves from platform two at noon.',
  'It was first shown at a small festival in spring.',
  'Most of the houses are built of red brick.',
  'She later moved to the coast with her two brothers.',
  'There are about forty species in this family of plants.',
  'The second edition has a new cover and fewer pages.',
  'He scored twice in the last ten minutes of the match.',
  'Rain is expected in the north on Thursday.',
  'The bridge was closed for repairs after the storm.',
  'Its members meet once a month in the town hall.',
  'I have just come home and made some tea.',
  'The recipe needs two eggs and a cup of flour.',
  'The song stayed in the charts for eleven weeks.',
  'A new law on public libraries was passed that year.',
];

/** `count` different ones, the same for the same text. */
export function remarks(text: string, count: number): string[] {
  const start = createHash('sha256').update(text).digest().readUInt16LE(0);
  // 5 and the number of remarks have no common factor, so a round meets each once.
  return Array.from({ length: count }, (_, i) => REMARKS[(start + i * 5) % REMARKS.length]!);
}
