// How much a decoded text looks like one that somebody wrote: of the encodings that statistics offer for a short text the right
// one gives words of one script in usual case. Not here: the statistics.

/** From 0 (none of its characters beyond ASCII makes sense) to 1. */
export function plausibility(text: string): number {
  let odd = 0;
  let all = 0;
  let before = '';
  for (const character of text) {
    if (character > '\u007F') {
      all++;
      odd += oddness(character, before);
    }
    before = character;
  }
  return all === 0 ? 1 : Math.max(0, 1 - odd / all);
}

function oddness(character: string, before: string): number {
  // None of a text, undefined, for one program only; marks of direction.
  if (/[\uFFFD\p{Cc}\p{Cn}\p{Co}\u200E\u200F]/u.test(character)) return 3;
  if (/[\uFF61-\uFF9F\u2500-\u259F]/u.test(character)) return 1; // half-width kana, boxes
  if (!/\p{L}/u.test(character)) return /\p{L}/u.test(before) && /\p{S}/u.test(character) ? 1 : 0.2;
  if (/\p{Lu}/u.test(character) && /\p{Ll}/u.test(before)) return 1;
  const script = SCRIPTS.find((one) => one.test(character));
  if (/\p{L}/u.test(before) && script?.test(before) === false) return 1;
  return 0;
}

const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Hebrew}/u,
  /\p{Script=Arabic}/u,
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Lm}]/u,
  /\p{Script=Thai}/u,
];
