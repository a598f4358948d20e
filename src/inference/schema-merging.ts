// Several JSON schemas that hold at once, as one: what zod makes of intersections and of several checks. Objects get the properties
// of all, also where each allows no others; bounds are the narrower ones. Not here: grammars (json-schema.ts).
import { isObject } from '../is-object.js';
import { unsupported } from './schema-errors.js';

type Schema = Readonly<Record<string, unknown>>;

const LARGER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']);
const SMALLER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']);

/** Throws `usage` where they cannot be put together. `annotations`: what of it says nothing about values. */
export function mergeSchemas(
  schemas: readonly Schema[],
  at: string,
  annotations: ReadonlySet<string>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const schema of schemas) {
    for (const [key, value] of Object.entries(schema)) {
      if (annotations.has(key) || value === undefined) continue;
      merged[key] = Object.hasOwn(merged, key) ? both(key, merged[key], value, at) : value;
    }
  }
  return merged;
}

function both(key: string, one: unknown, other: unknown, at: string): unknown {
  if (JSON.stringify(one) === JSON.stringify(other)) return one;
  if (typeof one === 'number' && typeof other === 'number') {
    if (LARGER.has(key)) return Math.max(one, other);
    if (SMALLER.has(key)) return Math.min(one, other);
  }
  if (key === 'required' && Array.isArray(one) && Array.isArray(other))
    return [...new Set([...(one as unknown[]), ...(other as unknown[])])];
  if (key === 'properties' && isObject(one) && isObject(other)) return mergeProperties(one, other);
  if (key === 'additionalProperties') return one === false || other === false ? false : { allOf: [one, other] };
  if (key === 'items' && isObject(one) && isObject(other)) return { allOf: [one, other] };
  if (key === 'enum' && Array.isArray(one) && Array.isArray(other)) {
    const known = new Set((other as unknown[]).map((value) => JSON.stringify(value)));
    return (one as unknown[]).filter((value) => known.has(JSON.stringify(value)));
  }
  if (key === 'type') return mergeTypes(one, other, at);
  if (key === 'pattern' && typeof one === 'string' && typeof other === 'string') return mergePatterns(one, other, at);
  if (key === 'format' && typeof one === 'string' && typeof other === 'string') return undefined; // the patterns say it
  throw unsupported(at, `allOf with two of "${key}"`);
}

function mergeProperties(one: Schema, other: Schema): Schema {
  const merged = new Map(Object.entries(one));
  for (const [key, value] of Object.entries(other)) {
    merged.set(key, merged.has(key) ? { allOf: [merged.get(key), value] } : value);
  }
  return Object.fromEntries(merged);
}

function mergeTypes(one: unknown, other: unknown, at: string): unknown {
  const [first, second] = [one, other].map((type) => (Array.isArray(type) ? (type as unknown[]) : [type]));
  const shared = first!.filter((type) => second!.includes(type));
  const isWhole = [first!, second!].every((types) => types.includes('integer') || types.includes('number'));
  if (isWhole && !shared.includes('number') && !shared.includes('integer')) shared.push('integer');
  if (shared.length === 0) throw unsupported(at, 'allOf of types that nothing has together');
  return shared.length === 1 ? shared[0] : shared;
}

/** One after the other, where the first is open at its end and the second at its beginning. */
function mergePatterns(one: string, other: string, at: string): string {
  const opensAtEnd = (pattern: string): boolean => !/(?<!\\)(?:\\\\)*\$/.test(pattern);
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    if (!opensAtEnd(first) || second.startsWith('^')) continue;
    const start = first.startsWith('^') ? `^(?:${first.slice(1)})` : `(?:${first})`;
    const end = second.endsWith('$') ? `(?:${second.slice(0, -1)})$` : `(?:${second})`;
    return `${start}.*${end}`;
  }
  throw unsupported(at, 'allOf with two of "pattern"');
}
