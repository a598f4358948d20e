// Bytes to text: byte order marks, UTF-16 without a mark, 7-bit encodings, UTF-8 (with a few faults, too), and older encodings by
// their statistics. Not here: formats, and how the first of these are known (wide.ts, escapes.ts).
import { escapedEncoding, unescaped } from './escapes.js';
import { plausibility } from './plausible.js';
import { SkipError, type Content, type Metadata, type Reading } from './types.js';
import { wideEncoding } from './wide.js';

/** Bytes that decide what a file is. */
const SAMPLE = 64 * 1024;

export interface Decoded {
  text: string;
  /** Name of the encoding, as the WHATWG and iconv call it. */
  encoding: string;
  /** Statistics say so, not the file. */
  isGuessed?: true;
  /** Bytes that are no character of it. */
  bad?: number;
}

/** Decodes a text of unknown encoding, or in the one that a person set; `declared` is what the file says itself (HTML), believed if
 * the bytes allow it. Throws SkipError for what is no text, and for an encoding that is not known. */
export async function decodeText(bytes: Buffer, set?: Pick<Reading, 'encoding'>, declared?: string): Promise<Decoded> {
  const { text, ...about } = await decoded(bytes, set?.encoding, declared);
  // SQLite ends a text there.
  return { text: text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text, ...about };
}

/** What is said of a text's encoding, with other fields of its document. */
export function aboutDecoded(
  { encoding, isGuessed, bad = 0 }: Omit<Decoded, 'text'>,
  fields: Metadata = {},
): Pick<Content, 'metadata' | 'isGuessed' | 'left'> {
  const what = bad === 1 ? '1 byte' : `${bad} bytes`;
  return {
    metadata: { ...fields, encoding },
    ...(isGuessed === true ? { isGuessed } : {}),
    ...(bad === 0 ? {} : { left: [{ what, why: `no character of ${encoding}` }] }),
  };
}

async function decoded(bytes: Buffer, set: string | undefined, declared: string | undefined): Promise<Decoded> {
  const marked = byMark(bytes);
  if (marked !== undefined) return marked;
  if (set !== undefined) {
    if (!(await isKnownEncoding(set))) throw new SkipError('unsupported', `There is no encoding "${set}".`);
    const found = await decode(bytes, set.toLowerCase());
    return { ...found, ...badIn(found.text) };
  }
  const wide = wideEncoding(bytes.subarray(0, SAMPLE), bytes.length);
  if (wide !== undefined) return { text: new TextDecoder(wide).decode(bytes), encoding: wide };
  const escaped = escapedEncoding(bytes);
  if (escaped !== undefined)
    return { ...(await decode(unescaped(bytes, escaped), escaped.coded)), encoding: escaped.name };
  if (looksBinary(bytes.subarray(0, SAMPLE))) throw new SkipError('binary', 'It is a binary file.');
  const faults = faultsOfUtf8(bytes);
  if (faults.bytes <= faults.evidence) {
    const text = new TextDecoder('utf-8').decode(bytes);
    return { text, encoding: 'utf-8', ...(faults.bytes === 0 ? {} : { bad: faults.bytes }) };
  }
  if (declared !== undefined && (await isKnownEncoding(declared))) return decode(bytes, declared.toLowerCase());
  const found = await decode(bytes, await guessed(telling(bytes)));
  return { ...found, isGuessed: true, ...badIn(found.text) };
}

function badIn(text: string): { bad?: number } {
  let bad = 0;
  for (let at = text.indexOf('\uFFFD'); at !== -1; at = text.indexOf('\uFFFD', at + 1)) bad++;
  return bad === 0 ? {} : { bad };
}

/** Of what statistics offer the one that also reads like a text. */
async function guessed(sample: Buffer): Promise<string> {
  const { analyse } = await import('chardet');
  let best = { encoding: 'windows-1252', score: 0 };
  for (const { name, confidence } of analyse(sample)) {
    if (/^utf-|^iso-2022-|^ascii/i.test(name) || !(await isKnownEncoding(name))) continue;
    const score = confidence * plausibility((await decode(sample, name)).text) ** 3;
    if (score > best.score) best = { encoding: name.toLowerCase(), score };
  }
  return best.encoding;
}

function byMark(bytes: Buffer): Decoded | undefined {
  const starts = (...mark: number[]): boolean => mark.every((byte, i) => bytes[i] === byte);
  if (starts(0xef, 0xbb, 0xbf)) return { text: new TextDecoder('utf-8').decode(bytes), encoding: 'utf-8' };
  if (starts(0xff, 0xfe, 0, 0) || starts(0, 0, 0xfe, 0xff)) {
    throw new SkipError('unsupported', 'It is UTF-32 text.');
  }
  if (starts(0xff, 0xfe)) return { text: new TextDecoder('utf-16le').decode(bytes), encoding: 'utf-16le' };
  if (starts(0xfe, 0xff)) return { text: new TextDecoder('utf-16be').decode(bytes), encoding: 'utf-16be' };
  return undefined;
}

/** Many control characters, or more than a stray zero byte. */
function looksBinary(sample: Buffer): boolean {
  let controls = 0;
  let zeros = 0;
  for (const byte of sample) {
    if (byte === 0) zeros++;
    // Tab, line feed, form feed, carriage return and escape (of terminals) occur in texts.
    else if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) controls++;
  }
  return zeros > sample.length / 1000 || controls > sample.length / 50;
}

/**
 * The bytes that are none of UTF-8, and how much speaks for it all the same: in other encodings bytes hardly ever make
 * characters of UTF-8 by chance, those of three and four bytes least of all.
 */
function faultsOfUtf8(bytes: Buffer): { bytes: number; evidence: number } {
  let faults = 0;
  let evidence = 0;
  for (let i = 0; i < bytes.length; i++) {
    const length = bytes[i]! < 0x80 ? 1 : lengthOfCharacter(bytes, i);
    if (length === 0) faults++;
    else {
      evidence += length - 1;
      i += length - 1;
    }
  }
  return { bytes: faults, evidence };
}

/** Bytes of the UTF-8 character that begins here; 0 if there is none. */
function lengthOfCharacter(bytes: Buffer, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  // Longer than need be, half a surrogate pair, or beyond the last character.
  const second = bytes[at + 1]!;
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0;
  return length;
}

/** What tells an encoding: the lines that are not ASCII, wherever they are. */
function telling(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  for (let at = 0; at < bytes.length && size < SAMPLE;) {
    const found = bytes.indexOf(0x0a, at);
    const end = Math.min(found === -1 ? bytes.length : found + 1, at + 4096);
    const piece = bytes.subarray(at, end);
    if (piece.some((byte) => byte >= 0x80)) {
      pieces.push(piece);
      size += piece.length;
    }
    at = end;
  }
  return Buffer.concat(pieces);
}

async function decode(bytes: Buffer, encoding: string): Promise<Decoded> {
  const { default: iconv } = await import('iconv-lite');
  return { text: iconv.decode(bytes, encoding), encoding };
}

/** Whether there is an encoding of this name. */
export async function isKnownEncoding(encoding: string): Promise<boolean> {
  const { default: iconv } = await import('iconv-lite');
  return iconv.encodingExists(encoding);
}
