// Parts of schemas that all dialects share. Not here: the schemas of requests.
import { z } from 'zod';

/** A list that is counted before anything in it is looked at: a million faulty texts would make a million complaints. */
export function listOf<T extends z.ZodType>(item: T, most: number, least = 0) {
  const expected = `expected a list of ${least} to ${most}`;
  return z
    .custom<unknown[]>((value) => Array.isArray(value) && value.length >= least && value.length <= most, {
      error: expected,
    })
    .pipe(z.array(item));
}

export const whole = (least: number, most: number) => z.number().int().min(least).max(most);

export const MODEL = z.string().min(1).max(256);
