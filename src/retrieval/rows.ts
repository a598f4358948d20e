// Rows of a library as values: texts, lists and vectors out of blobs that may hold anything. Not here: the queries.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { textOf } from '../database/index.js';
import { isObject } from '../is-object.js';
import type { Metadata, SkipCode } from './readers/index.js';
import type { HowRead, Passage } from './types.js';

export function placed<T extends Pick<Passage, 'title' | 'headings' | 'source' | 'page'>>(
  where: T,
): T & { place: string } {
  const { title, headings, source, page } = where;
  const names = [...new Set([title, ...headings])].filter((name) => name !== undefined && name !== '');
  const file = `${basename(source)}${page === undefined ? '' : `, page ${page}`}`;
  return { ...where, place: names.length === 0 ? file : `${names.join(' › ')} (${file})` };
}

/** Names a text; sixteen bytes are enough to tell any two apart. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}

/** A vector in a byte a number, with its scale before them: a quarter of the bytes, and the same length. What that costs a search
 * is in docs/retrieval.md. */
export function bytesOf(vector: Float32Array): Buffer {
  const most = vector.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const bytes = Buffer.alloc(SCALE + vector.length);
  let [squares, whole] = [0, 0];
  vector.forEach((value, i) => {
    const byte = most === 0 ? 0 : Math.round((127 * value) / most);
    bytes.writeInt8(byte, SCALE + i);
    squares += value * value;
    whole += byte * byte;
  });
  bytes.writeFloatLE(whole === 0 ? 0 : Math.sqrt(squares / whole), 0);
  return bytes;
}

/** Bytes of a scale. */
const SCALE = 4;

/** Lengths of a stored vector; an older engram wrote floats. */
export function storedLengths(dimensions: number): [bytes: number, floats: number] {
  return [SCALE + dimensions, 4 * dimensions];
}

/** Whether a vector points anywhere: its values are numbers, and not all zero. */
export function hasDirection(vector: Float32Array): boolean {
  return vector.every(Number.isFinite) && vector.some((value) => value !== 0);
}

/** Undefined for a blob of another length or without direction. */
export function floatsOf(blob: unknown, dimensions: number): Float32Array | undefined {
  const bytes = blob instanceof ArrayBuffer ? new Uint8Array(blob) : blob;
  if (!(bytes instanceof Uint8Array) || !storedLengths(dimensions).includes(bytes.length)) return undefined;
  const vector = new Float32Array(dimensions);
  if (bytes.length === 4 * dimensions) new Uint8Array(vector.buffer).set(bytes);
  else {
    const scale = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
    const whole = new Int8Array(bytes.buffer, bytes.byteOffset + SCALE, dimensions);
    for (let i = 0; i < dimensions; i++) vector[i] = scale * whole[i]!;
  }
  return hasDirection(vector) ? vector : undefined;
}

export function skippedOf(row: Record<string, unknown>): { code: SkipCode; reason: string } | undefined {
  if (row['skip_code'] === null) return undefined;
  return { code: textOf(row['skip_code']) as SkipCode, reason: textOf(row['skip_reason']) };
}

/** Undefined for a document that was read before this was noted. */
export function howReadOf(blob: unknown): HowRead | undefined {
  if (blob === null) return undefined;
  const value = JSON.parse(textOf(blob)) as Partial<HowRead> | null;
  const { characters = 0, isGuessed = false, left = [], encoding } = value ?? {};
  return { characters, isGuessed, left, ...(encoding === undefined ? {} : { encoding }) };
}

export function stringsOf(blob: unknown): string[] {
  const value = JSON.parse(textOf(blob)) as unknown;
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function metadataOf(blob: unknown): Metadata {
  const value = JSON.parse(textOf(blob)) as unknown;
  return isObject(value) ? (value as Metadata) : {};
}
