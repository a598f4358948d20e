// What of a text that grows is told to screen readers: whole sentences, each once. Not here: the live region.

/** An end needs white space after it, so that 3.14 and example.org are not cut. */
const END = /[.!?…:]["'”’)\]]*\s+|[。！？]|\n+/gu;

/** Returns the text up to its last finished sentence after `told` characters. When it `isDone`, all of it. */
export function nextSentences(text: string, told: number, isDone: boolean): string {
  const fresh = text.slice(told);
  if (isDone) return fresh;
  const last = [...fresh.matchAll(END)].at(-1);
  return last === undefined ? '' : fresh.slice(0, last.index + last[0].length);
}
