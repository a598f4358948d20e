// What is wrong with a JSON schema, with its place in it. Not here: finding out (json-schema.ts and what it uses).
import { EngramError } from '../errors.js';

export function wrong(at: string, what: string, hint?: string): EngramError {
  return new EngramError('usage', `The JSON schema at ${at} ${what}.`, { hint });
}

export function unsupported(at: string, what: string, hint?: string): EngramError {
  return wrong(at, `has "${what}", which a grammar here cannot hold`, hint);
}
