// Memories to fill a brain with: rows again and again, each time of other people, places and numbers. Not here: what is asked.

const BEGINNINGS = 'Bra Cel Dor Fen Gil Hul Jas Kel Lom Mar Nov Ost Pel Ruv Sim Tav'.split(' ');
const ENDS = 'an bek dis ella for gen ia kov lin mund nor os pe rick sen tra'.split(' ');

/** So many texts that differ; the first are those that were given. */
export function crowdOf(texts, size) {
  return Array.from({ length: size }, (_, i) => renamed(texts[i % texts.length], Math.floor(i / texts.length)));
}

/** A text about others, another for each round; in round 0 the text itself. Names are the words with a capital that follow a word;
 * and somebody new says it. */
export function renamed(text, round) {
  if (round === 0) return text;
  const numbered = text.replace(/\d/gu, (digit) => String((Number(digit) + round) % 10));
  const other = numbered.replace(/(?<=[\p{Ll},] )\p{Lu}\p{Ll}+/gu, (_, at) => nameOf(round * 7 + at));
  return `${nameOf(round)}: ${other}`;
}

function nameOf(at) {
  const [first, last, more] = [at, Math.floor(at / 16), Math.floor(at / 256)].map((n) => n % 16);
  return `${BEGINNINGS[first]}${ENDS[last]}${more === 0 ? '' : ENDS[more]}`;
}
