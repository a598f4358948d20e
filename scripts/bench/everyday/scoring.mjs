// Whether an everyday question was answered right: by texts alone, independent of what engram itself counts as right. A string counts
// where it stands in the answer, numbers and single words as whole ones; yes and no count as the first word.
// Not here: whether the right memory answered (rows.mjs).
import { contains } from '../memory/scoring.mjs';

/** @param {string} answer @param {{ answers: string[], all?: boolean }} asked */
export function isRight(answer, { answers, all = false }) {
  const isSaid = (wanted) => saysOf(answer, wanted);
  return all ? answers.every(isSaid) : answers.some(isSaid);
}

/** Whether the answer says one thing that is wanted. */
export function saysOf(answer, wanted) {
  const decision = WHETHER.get(plain(wanted));
  if (decision !== undefined) return WHETHER.get(firstWord(answer)) === decision;
  if (standsIn(plain(answer), plain(wanted))) return true;
  // In other punctuation: `tumble-dryer`. Where there are digits it may be another number.
  return !/\p{N}/u.test(wanted) && contains(answer, [wanted]);
}

const YES = 'yes ja oui sí si はい ええ うん 是 是的 对 對 对的 對的 可以 可以的 能 会 會 有 行 没错 沒錯'.split(' ');
const NO =
  'no nein non いいえ いえ 不 不是 不能 不会 不會 不行 不可以 不要 不用 不对 不對 没 沒 没有 沒有 别 別 否'.split(' ');
const WHETHER = new Map([...YES.map((word) => [word, true]), ...NO.map((word) => [word, false])]);

/** Scripts that put nothing between words, and those whose words grow at their ends. */
const UNBOUND = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Hangul}ー]/u;
const WORD = /[\p{L}\p{M}\p{N}_]/u;

function plain(text) {
  return text.normalize('NFKC').toLowerCase().replace(/[‘’]/gu, "'").replace(/\s+/gu, ' ').trim();
}

function firstWord(text) {
  const [first = ''] = /[\p{L}\p{M}\p{N}ー]+/u.exec(plain(text)) ?? [];
  if (!UNBOUND.test(first)) return first;
  const [{ segment }] = SEGMENTER.segment(first);
  return segment;
}

const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' });

function standsIn(said, wanted) {
  if (wanted === '') return false;
  const isOneWord = !wanted.includes(' ');
  for (let at = said.indexOf(wanted); at >= 0; at = said.indexOf(wanted, at + 1)) {
    const before = said.slice(0, at);
    const after = said.slice(at + wanted.length);
    if (begins(before, wanted, isOneWord) && ends(after, wanted, isOneWord)) return true;
  }
  return false;
}

/** Nothing before it makes it another number or word. */
function begins(before, wanted, isOneWord) {
  if (DIGIT.test(wanted[0])) return !/\p{Nd}[.,]?$/u.test(before) && !isBound(before.at(-1));
  return !isOneWord || !isBound(wanted[0]) || !isBound(before.at(-1));
}

function ends(after, wanted, isOneWord) {
  const last = wanted.at(-1);
  if (DIGIT.test(last)) return !/^[.,]?\p{Nd}/u.test(after) && (!isBound(after[0]) || UNIT.test(after));
  return !isOneWord || !isBound(last) || !isBound(after[0]);
}

const DIGIT = /\p{Nd}/u;
/** What may stand right after a number: `16GB`, `31st`. */
const UNIT = /^\p{L}{1,3}(?![\p{L}\p{N}])/u;

/** A letter or digit of a script with word borders. */
const isBound = (char) => char !== undefined && WORD.test(char) && !UNBOUND.test(char);
