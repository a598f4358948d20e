// A crude stem of a word, so that `solve`, `solved` and `solving` meet: by the endings of English, and no harm to other languages.

export function stem(word: string): string {
  if (word.length < 5 || /\d/.test(word)) return word;
  const bare = word.replace(/(?:ies|ing|ed|es|s|e)$/, '');
  // stopped -> stopp -> stop
  return bare.length < 3 ? word : bare.replace(/([^aeiouls])\1$/, '$1');
}
