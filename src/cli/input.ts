// Text and numbers from arguments, files and stdin. Not here: options that every command has (options.ts).
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { EngramError, fromSystemError, throwIfCancelled, wrongOption } from '../errors.js';
import { read, size } from '../options/index.js';
import type { Job } from './job.js';

/** Bytes; more than any model's context, so that a wrong file is refused before it is read into memory. */
const MOST_BYTES = 16 * 2 ** 20;

/** The words of an argument; or, where there are none or a single `-`, all of stdin. Throws `usage` if that is a terminal,
 * `empty`, `corrupt` (no UTF-8), `too_long`. */
export async function textOf(job: Job, words: readonly string[], what: string): Promise<string> {
  const isGiven = words.length > 0 && !(words.length === 1 && words[0] === '-');
  if (isGiven) return notEmpty(words.join(' '), what);
  if (job.world.stdin.isTTY === true && words.length === 0) {
    throw nothing(what);
  }
  return notEmpty(await readStdin(job, what), what);
}

/** As textOf(), with all spaces and line breaks; of stdin one line break at its end is left out. */
export async function rawTextOf(job: Job, words: readonly string[], what: string): Promise<string> {
  const isGiven = words.length > 0 && !(words.length === 1 && words[0] === '-');
  if (!isGiven && job.world.stdin.isTTY === true && words.length === 0) throw nothing(what);
  const text = isGiven ? words.join(' ') : (await readStdin(job, what)).replace(/\r?\n$/, '');
  if (text === '') throw new EngramError('empty', `The ${what} is empty.`);
  return text;
}

/** The text of a file. Throws as textOf(), and `not_found`. */
export async function textOfFile(path: string, what: string): Promise<string> {
  try {
    return notEmpty(await readAll(createReadStream(path, { highWaterMark: 2 ** 20 }), what), what);
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** Throws `not_found` or `unsupported` for what is no file: to be asked before a model is loaded to read it with. */
export async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw fromSystemError(error, path);
  });
  if (found.isDirectory()) throw new EngramError('unsupported', `${path} is a folder, not a file.`);
}

async function readStdin(job: Job, what: string): Promise<string> {
  const { stdin } = job.world;
  const stop = (): void => {
    stdin.destroy();
  };
  job.signal.addEventListener('abort', stop, { once: true });
  try {
    const text = await readAll(stdin, what);
    throwIfCancelled(job.signal);
    return text;
  } catch (error) {
    throwIfCancelled(job.signal);
    throw error;
  } finally {
    job.signal.removeEventListener('abort', stop);
  }
}

async function readAll(stream: AsyncIterable<unknown>, what: string): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const data = typeof piece === 'string' ? Buffer.from(piece) : (piece as Buffer);
    pieces.push(data);
    size += data.length;
    if (size > MOST_BYTES) throw tooLong(what);
  }
  return decode(Buffer.concat(pieces), what);
}

function decode(data: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch (error) {
    throw new EngramError('corrupt', `The ${what} is not UTF-8 text.`, { cause: error });
  }
}

function notEmpty(text: string, what: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new EngramError('empty', `The ${what} is empty.`);
  return trimmed;
}

function nothing(what: string): EngramError {
  return new EngramError('usage', `There is no ${what}.`, { hint: `Give it as an argument, or pipe it in.` });
}

function tooLong(what: string): EngramError {
  return new EngramError('too_long', `The ${what} is longer than ${MOST_BYTES / 2 ** 20} MiB.`);
}

/** The number an option was given, or undefined. Throws `usage` for what is no number; its range is the API's matter. */
export function numberOf(options: Readonly<Record<string, unknown>>, name: string, flag: string): number | undefined {
  const given = options[name];
  if (given === undefined) return undefined;
  const text = typeof given === 'string' ? given.trim() : '';
  const number = text === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw wrongOption(name, 'a number', text, { named: flag });
}

/** One of several words, or undefined. Throws `usage`. */
export function choiceOf<T extends string>(
  options: Readonly<Record<string, unknown>>,
  name: string,
  flag: string,
  choices: readonly T[],
): T | undefined {
  const given = options[name];
  if (given === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === given);
  if (choice !== undefined) return choice;
  const text = typeof given === 'string' ? given : typeof given;
  throw wrongOption(name, choices.join(', '), text, { named: flag });
}

/** The text an option was given, or undefined. */
export function stringOf(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const given = options[name];
  return typeof given === 'string' ? given : undefined;
}

/** The texts an option was given, which may be given several times, or undefined. */
export function listOf(options: Readonly<Record<string, unknown>>, name: string): string[] | undefined {
  const given = options[name];
  return Array.isArray(given) ? given.filter((item) => typeof item === 'string') : undefined;
}

/** A size such as 2GB, 1.5 GiB or 800MB in bytes, or undefined. Throws `usage`. */
export function bytesOf(options: Readonly<Record<string, unknown>>, name: string, flag: string): number | undefined {
  const given = stringOf(options, name);
  return given === undefined ? undefined : read(name, size(), given, flag);
}
