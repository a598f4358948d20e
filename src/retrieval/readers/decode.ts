// Bytes to text: byte order marks, UTF-8, UTF-16 without a mark, and older encodings by their statistics. Not here: formats.
import { SkipError } from './types.js';

/** Bytes that decide what a file is. */
const SAMPLE = 64 * 1024;

export interface Decoded {
  text: string;
  /** Name of the encoding, as the WHATWG and iconv call it. */
  encoding: string;
}

/** Decodes a text of unknown encoding; `declared` is what the file says itself (HTML), believed if the bytes allow it. Throws
 * SkipError for what is no text. */
export async function decodeText(bytes: Buffer, declared?: string): Promise<Decoded> {
  const marked = byMark(bytes);
  if (marked !== undefined) return marked;
  const wide = wideEncoding(bytes);
  if (wide !== undefined) return decode(bytes, wide);
  if (looksBinary(bytes)) throw new SkipError('binary', 'It is a binary file.');
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    // An older encoding.
  }
  if (declared !== undefined && (await isKnown(declared))) return decode(bytes, declared.toLowerCase());
  const { analyse } = await import('chardet');
  for (const { name } of analyse(bytes.subarray(0, SAMPLE))) {
    // UTF-8 it is not, or only in parts: then as well as it goes.
    if (!/^utf-(?!8)|^iso-2022-(?!jp)/i.test(name) && (await isKnown(name))) return decode(bytes, name.toLowerCase());
  }
  return decode(bytes, 'windows-1252');
}

/** For formats that are always UTF-8 or marked, and to see beginnings. */
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

/** UTF-16 without a mark: in most texts nearly every second byte of it is zero, and no others are. */
function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const sample = bytes.subarray(0, Math.min(SAMPLE, bytes.length & ~1));
  if (sample.length < 4 || bytes.length % 2 === 1) return undefined;
  const zeros = [0, 0];
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) zeros[i & 1]!++;
  const [even, odd] = zeros.map((count) => count / (sample.length / 2)) as [number, number];
  if (odd > 0.4 && even < 0.02) return 'utf-16le';
  if (even > 0.4 && odd < 0.02) return 'utf-16be';
  return undefined;
}

/** Zero bytes, or many control characters. */
function looksBinary(bytes: Buffer): boolean {
  const sample = bytes.subarray(0, SAMPLE);
  let controls = 0;
  for (const byte of sample) {
    if (byte === 0) return true;
    // Tab, line feed, form feed, carriage return and escape (ISO-2022-JP) occur in texts.
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) controls++;
  }
  return controls > sample.length / 50;
}

async function decode(bytes: Buffer, encoding: string): Promise<Decoded> {
  const { default: iconv } = await import('iconv-lite');
  return { text: iconv.decode(bytes, encoding), encoding };
}

async function isKnown(encoding: string): Promise<boolean> {
  const { default: iconv } = await import('iconv-lite');
  return iconv.encodingExists(encoding);
}
