// How much a word tells, in bits more or less: rare words tell more. Not here: which words a text has (terms.ts).

export type Information = (word: string) => number;

/**
 * By Zipf's law a token's frequency falls with its rank, and byte-pair vocabularies are numbered by rank of merging, so the
 * model's own tokenizer tells how rare a word is: a rare word has later tokens, and more of them.
 */
export function informationFrom(encode: (text: string) => ArrayLike<number>): Information {
  const known = new Map<string, number>();
  return (word) => {
    let bits = known.get(word);
    if (bits === undefined) {
      bits = 0;
      for (const token of Array.from(encode(` ${word}`))) bits += Math.log2(2 + token) / 4;
      known.set(word, bits);
    }
    return bits;
  };
}
