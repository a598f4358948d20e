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

export function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Whether a vector points anywhere: its values are numbers, and not all zero. */
export function hasDirection(vector: Float32Array): boolean {
  return vector.every(Number.isFinite) && vector.some((value) => value !== 0);
}

/** Undefined for a blob of another length or without direction. */
export function floatsOf(blob: unknown, dimensions: number): Float32Array | undefined {
  const bytes = blob instanceof ArrayBuffer ? new Uint8Array(blob) : blob;
  if (!(bytes instanceof Uint8Array) || bytes.length !== 4 * dimensions) return undefined;
  const vector = new Float32Array(dimensions);
  new Uint8Array(vector.buffer).set(bytes);
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
