// Encodings in seven bits that switch between ASCII and other characters by escapes: ISO-2022-JP, -KR and -CN, HZ. Their
// characters with the high bit set are those of the EUC encodings, so that is what they are turned into. Not here: decoding.

interface Escaped {
  name: string;
  /** What the bytes are in once the escapes are gone. */
  coded: string;
}

const ESC = 0x1b;

/** The escapes that nothing else has: terminals' begin otherwise. */
const SIGNS: readonly (readonly [sign: RegExp, escaped: Escaped])[] = [
  [/\x1b\$(?:[@B]|\([@BD])|\x1b\(I/u, { name: 'iso-2022-jp', coded: 'euc-jp' }],
  [/\x1b\$\)C/u, { name: 'iso-2022-kr', coded: 'euc-kr' }],
  [/\x1b\$\)A/u, { name: 'iso-2022-cn', coded: 'gb18030' }],
  [/~\{(?:[\x21-\x77][\x21-\x7e])+~\}/u, { name: 'hz-gb-2312', coded: 'gb18030' }],
];

export function escapedEncoding(bytes: Buffer): Escaped | undefined {
  if (!bytes.includes(ESC) && !bytes.includes('~{')) return undefined;
  if (bytes.some((byte) => byte >= 0x80)) return undefined;
  const text = bytes.toString('latin1');
  return SIGNS.find(([sign]) => sign.test(text))?.[1];
}

/** The bytes in the encoding `coded`, without escapes. */
export function unescaped(bytes: Buffer, { name }: Escaped): Buffer {
  const out = Buffer.alloc(bytes.length * 2);
  let length = 0;
  const isHz = name === 'hz-gb-2312';
  let set: 'ascii' | 'kana' | 'wide' | 'wider' = 'ascii';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const escape = isHz ? undefined : byte === ESC ? escapeAt(bytes, i) : undefined;
    if (escape !== undefined) {
      set = escape.set ?? set;
      i += escape.length - 1;
    } else if (isHz && byte === 0x7e && '{}~\n'.includes(String.fromCharCode(bytes[i + 1] ?? 0))) {
      const next = bytes[++i]!;
      if (next === 0x7e) out[length++] = next;
      else set = next === 0x7b ? 'wide' : 'ascii';
    } else if (byte === 0x0e || byte === 0x0f) set = byte === 0x0e ? 'wide' : 'ascii';
    else if (byte <= 0x20) {
      // A line ends what was not ended.
      if (byte === 0x0a && name !== 'iso-2022-jp') set = 'ascii';
      out[length++] = byte;
    } else if (set === 'ascii') out[length++] = byte;
    else if (set === 'kana') {
      out[length++] = 0x8e;
      out[length++] = byte | 0x80;
    } else {
      if (set === 'wider') out[length++] = 0x8f;
      out[length++] = byte | 0x80;
      if (i + 1 < bytes.length && bytes[i + 1]! > 0x20) out[length++] = bytes[++i]! | 0x80;
    }
  }
  return out.subarray(0, length);
}

/** What an escape chooses; without a set it only says what shift-out will choose. */
function escapeAt(
  bytes: Buffer,
  at: number,
): { length: number; set?: 'ascii' | 'kana' | 'wide' | 'wider' } | undefined {
  const text = bytes.toString('latin1', at + 1, at + 4);
  if (/^\$[@B]/u.test(text)) return { length: 3, set: 'wide' };
  if (/^\$\([@B]/u.test(text)) return { length: 4, set: 'wide' };
  if (text.startsWith('$(D')) return { length: 4, set: 'wider' };
  if (/^\$[)*]/u.test(text)) return { length: 4 };
  if (text.startsWith('(I')) return { length: 3, set: 'kana' };
  if (/^\([BJHT]/u.test(text)) return { length: 3, set: 'ascii' };
  return undefined;
}
