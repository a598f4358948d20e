// Records (rows, objects) as text that a model can read and as fields that a search can filter by. Not here: their formats.
import type { Metadata } from './types.js';

/** `name: value` lines. */
export function recordText(fields: Metadata): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

/** Deeper than any data is nested: an attack on the stack. */
const DEEPEST = 100;

/** The fields of an object of any depth by their dotted paths: `address.city`. Empty ones are left out. */
export function fieldsOf(value: unknown, path = '', out: Metadata = {}, depth = 0): Metadata {
  if (typeof value === 'string' ? value.trim() !== '' : typeof value === 'number' || typeof value === 'boolean') {
    out[path === '' ? 'value' : path] = value as string | number | boolean;
  } else if (typeof value === 'object' && value !== null) {
    if (depth === DEEPEST) return out;
    for (const [key, item] of Object.entries(value)) {
      fieldsOf(item, path === '' ? key : `${path}.${key}`, out, depth + 1);
    }
  }
  return out;
}
