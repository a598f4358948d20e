// Texts of so many tokens to read, for any tokenizer: plain words, each of which most vocabularies have as one token.

const WORDS =
  'the village by river had a garden of stone where old people and small birds met every bright morning before they went home'.split(
    ' ',
  );

/** A text that `count` counts as `tokens`, or as few less as words allow. Texts of variants that follow one another differ
 * from their first word on, so that nothing computed for one helps with the next. */
export function textOf(count, tokens, variant) {
  const word = (i) => WORDS[(variant + i * 7 + Math.floor(i / WORDS.length)) % WORDS.length];
  const text = (length) => Array.from({ length }, (_, i) => word(i)).join(' ');
  let length = tokens;
  while (length > 1 && count(text(length)) > tokens) length--;
  while (count(text(length + 1)) <= tokens) length++;
  return text(length);
}

/** What generation begins with: one token, as in llama-bench. Which of them a model goes on with longest differs. */
export const BEGINNINGS = ['The', 'Once', 'In', 'I', '1'];

export const QUESTION = 'Write a long story about a village by the river and the people who live there.';
