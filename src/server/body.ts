// The body of a request as JSON: bytes counted as they come, UTF-8 and depth checked, no keys that touch prototypes. Not here:
// what should be in it (the schemas of the routes), uploads (upload.ts).
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { HttpError, invalid } from './errors.js';
import type { Exchange } from './exchange.js';
import { LIMITS } from './limits.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Throws 413, 415, 400. */
export async function readJson({ request }: Pick<Exchange, 'request'>): Promise<Json> {
  const { headers } = request;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new HttpError(
      415,
      'invalid_request_error',
      `Expected application/json but received ${type ?? 'no content type'}.`,
    );
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new HttpError(
      415,
      'invalid_request_error',
      `Bodies that are compressed (${encoding.slice(0, 40)}) are not taken.`,
    );
  }
  return parseJson(await readBytes(request, LIMITS.jsonBytes));
}

/** Checks a body against a schema; null stands for what is left out. Throws as readJson(), and 400 naming the field. */
export async function readBody<T extends z.ZodType>(exchange: Exchange, schema: T): Promise<z.output<T>> {
  return schema.parse(withoutNulls(await readJson(exchange)));
}

export async function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = () =>
    new HttpError(413, 'invalid_request_error', `The body is larger than ${most / 2 ** 20} MiB.`, {
      code: 'body_too_large',
    });
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge();
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > most) throw tooLarge();
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw invalid('The body ended before it was whole.');
  }
  return Buffer.concat(pieces, bytes);
}

/** Throws 400. */
export function parseJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('The body is not valid UTF-8.');
  }
  if (text.trim() === '') throw invalid('The body is empty.');
  if (isTooDeep(text)) throw invalid(`The body is nested more than ${LIMITS.jsonDepth} deep.`);
  let value: Json;
  try {
    // A key __proto__ is data like any other in what JSON.parse makes, but not in what is copied from it. Looking at every key
    // takes ten times as long as reading them.
    const mayTouch = /__proto__|\\u005f/i.test(text);
    value = JSON.parse(
      text,
      mayTouch ? (key, part: Json) => (key === '__proto__' ? undefined : part) : undefined,
    ) as Json;
  } catch (error) {
    throw invalid(`The body is not valid JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
  return value;
}

/** Counted before it is parsed, outside of strings. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > LIMITS.jsonDepth) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** At the top of a body null means that a field was left out. */
function withoutNulls(value: Json): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null));
}
