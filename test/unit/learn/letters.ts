// An embedder for tests: bags of letters, so that near texts are near and nothing is loaded.
import type { Embedder } from '../../../src/embedding/index.js';

export const letters: Embedder = {
  id: 'letters',
  dimensions: 26,
  embed: (texts) =>
    Promise.resolve(
      texts.map((text) => {
        const out = new Float32Array(26);
        for (const letter of text.toLowerCase()) {
          const i = letter.charCodeAt(0) - 97;
          if (i >= 0 && i < 26) out[i]! += 1;
        }
        const norm = Math.hypot(...out);
        return norm === 0 ? out : out.map((x) => x / norm);
      }),
    ),
  close: () => Promise.resolve(),
};

/** Longer words tell more, and numbers much. */
export const byLength = (word: string): number => (/\d/.test(word) ? 8 : Math.min(8, word.length));
