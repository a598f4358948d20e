// Whether an answer is right, and whether it stayed what it was. Pure functions over texts, independent of what engram's own
// probes count as right.

/** Lower case, Unicode's compatibility form, punctuation as spaces, without English articles and the possessive `'s`, so that
 * `James Caan's` has `James Caan` in it; else what SQuAD's evaluation compares. */
export function normalise(text) {
  return String(text)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’]s\b|['’]/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .replace(/\b(?:a|an|the)\b/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** Words of a normalised text; scripts without spaces as the platform segments them. */
export function wordsOf(text) {
  const plain = normalise(text);
  if (!WITHOUT_SPACES.test(plain)) return plain === '' ? [] : plain.split(' ');
  const segments = new Intl.Segmenter(undefined, { granularity: 'word' }).segment(plain);
  return Array.from(segments, ({ segment, isWordLike }) => (isWordLike ? segment : '')).filter(Boolean);
}

const WITHOUT_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** True if one of the targets stands in the answer, as whole words where the script has spaces. */
export function contains(answer, targets) {
  const said = normalise(answer);
  return targets.some((target) => {
    const wanted = normalise(target);
    if (wanted === '') return false;
    return WITHOUT_SPACES.test(wanted) ? said.includes(wanted) : ` ${said} `.includes(` ${wanted} `);
  });
}

/** The harmonic mean of precision and recall of words, counted with their repetitions; 1 for two texts without words. */
export function f1(answer, target) {
  const said = wordsOf(answer);
  const wanted = wordsOf(target);
  if (said.length === 0 || wanted.length === 0) return said.length === wanted.length ? 1 : 0;
  const shared = sharedWords(said, wanted);
  return (2 * shared) / (said.length + wanted.length);
}

/** F1 with the target that fits best. */
export function bestF1(answer, targets) {
  return Math.max(0, ...targets.map((target) => f1(answer, target)));
}

/** The share of the target's words that the answer has: for answers that are longer than what is asked for. */
export function wordRecall(answer, target) {
  const wanted = wordsOf(target);
  return wanted.length === 0 ? 0 : sharedWords(wordsOf(answer), wanted) / wanted.length;
}

function sharedWords(said, wanted) {
  const left = new Map();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of said) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  return shared;
}

/** How much of a long target counts as said. */
const MOST_WORDS = 0.75;

const JUDGES = {
  contains: (answer, targets) => contains(answer, targets),
  /** Most of the words of a target: a sentence to be told or completed. */
  words: (answer, targets) => targets.some((target) => wordRecall(answer, target) >= MOST_WORDS),
  /** The first of the words yes and no that is said. */
  decision: (answer, targets) => targets.includes(wordsOf(answer).find((word) => word === 'yes' || word === 'no')),
};

/** Whether an answer to `{ answers, judge }` is right. `judge` is `contains` unless the question says otherwise. */
export function isRight(answer, { answers, judge = 'contains' }) {
  return JUDGES[judge](answer, answers);
}
