// UTF-16 without a byte order mark, told by what it would say: read the right way nearly all of it are letters, spaces and
// punctuation of a few scripts, read the other way hardly any. Zero bytes alone do not tell, since Chinese and Japanese have few
// of them. Not here: decoding.

/** Of the characters so many are plausible in a text. */
const PLAUSIBLE = 0.97;

/** Where zero bytes speak for it, too. */
const LIKELY = 0.9;

/** Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari … Thai; punctuation, symbols; kana, CJK, Hangul, full width. */
const TEXT =
  /[\t\n\r\u0020-\u007E\u00A0-\u0E5B\u1E00-\u2044\u20A0-\u26FF\u3000-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7A3\uFF01-\uFFEE]/u;

/** What hardly any text in Chinese or Japanese is without, and no older encoding gives when it is read as UTF-16. */
const CJK_COMMON = /[\u3001\u3002\uFF0C\uFF1F\u3040-\u30FF的一是不了]/u;

/** @param sample the first bytes; `size` is that of the file */
export function wideEncoding(sample: Buffer, size: number): 'utf-16le' | 'utf-16be' | undefined {
  if (sample.length < 4 || size % 2 === 1) return undefined;
  const even = sample.subarray(0, sample.length & ~1);
  const [le, be] = [lookAt(even, 'utf-16le'), lookAt(even, 'utf-16be')];
  const [better, name, worse] = le.share >= be.share ? [le, 'utf-16le' as const, be] : [be, 'utf-16be' as const, le];
  // In texts that have spaces and line breaks these are units with a zero byte.
  if (better.spaces > 0 && worse.spaces === 0) return better.share >= LIKELY ? name : undefined;
  if (even.includes(0)) return better.share >= PLAUSIBLE && worse.share < LIKELY ? name : undefined;
  return better.share >= PLAUSIBLE && better.common >= better.units / 30 && better.ideographs >= better.units / 3
    ? name
    : undefined;
}

interface Look {
  units: number;
  /** Of them plausible ones. */
  share: number;
  spaces: number;
  common: number;
  ideographs: number;
}

function lookAt(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): Look {
  const text = new TextDecoder(encoding).decode(bytes);
  const look: Look = { units: text.length, share: 0, spaces: 0, common: 0, ideographs: 0 };
  let plausible = 0;
  let i = 0;
  for (const character of text) {
    i++;
    if (character.length === 2 || TEXT.test(character)) plausible++;
    if (/[ \t\r\n]/u.test(character)) look.spaces++;
    if (CJK_COMMON.test(character)) look.common++;
    if (/[\u3040-\u30FF\u3400-\u9FFF]/u.test(character)) look.ideographs++;
  }
  look.units = i;
  look.share = plausible / Math.max(1, i);
  return look;
}
