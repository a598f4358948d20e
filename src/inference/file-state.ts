// What tells a file from one that has replaced it: a model or an adapter that is loaded may have been trained or pulled again. Not
// here: what is in it (a hash says more, and takes longer).
import { stat } from 'node:fs/promises';
import { EngramError, fromSystemError } from '../errors.js';
import { ggufPaths } from '../models/index.js';

/** Of a model, which may lie in several files. Throws as fileState(), `corrupt` if a part is missing. */
export async function modelState(path: string): Promise<string> {
  const states = await Promise.all(ggufPaths(path).map((part) => fileState(part)));
  return states.map(({ state }) => state).join(' ');
}

/** `what` stands before the path in the message of an error. Throws `not_found`, `disk`, and `unsupported` for what is no file. */
export async function fileState(path: string, what = ''): Promise<{ state: string; bytes: number }> {
  const stats = await stat(path).catch((error: unknown) => {
    throw fromSystemError(error, `${what}${path}`);
  });
  if (!stats.isFile()) throw new EngramError('unsupported', `${path} is not a file.`);
  const { size, mtimeMs, ino } = stats;
  return { state: `${size}-${mtimeMs}-${ino}`, bytes: size };
}
