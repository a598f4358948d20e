// References within a JSON schema: what each points at, and whether what it stands for has a beginning and an end. One that leads to
// itself before anything is written, or that cannot be written without itself, has none. Not here: grammars (json-schema.ts).
import { isObject } from '../is-object.js';
import { wrong } from './schema-errors.js';

type Schema = Readonly<Record<string, unknown>>;

/** Deeper ones are refused by who makes the grammar. */
const MOST_NESTED = 64;

/** What a JSON pointer within the schema points at. Throws `usage` for one that cannot be read, or points at nothing. */
export function pointedAt(root: unknown, reference: string, at: string): unknown {
  const missing = wrong(at, `refers to "${reference}", which is not in it`);
  if (reference === '#' || reference === '#/') return root;
  if (!reference.startsWith('#/')) throw missing;
  let found = root;
  for (const part of reference.slice(2).split('/')) {
    let key: string;
    try {
      key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    } catch {
      throw wrong(at, `refers to "${reference}", which is no JSON pointer: "%" stands before two hexadecimal digits`);
    }
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) throw missing;
    found = (found as Schema)[key];
  }
  return found;
}

/** Throws `usage` for a reference without beginning or end, and as pointedAt(). */
export function checkReferences(root: unknown): void {
  const targets = new Map<string, unknown>();
  const heads = new Map<string, string[]>();
  const waiting = referencesIn(root, 0).map((reference) => ({ reference, at: '#' }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { reference, at } = next;
    if (targets.has(reference)) continue;
    const target = pointedAt(root, reference, at);
    targets.set(reference, target);
    heads.set(reference, headsOf(target, 0));
    waiting.push(...referencesIn(target, 0).map((other) => ({ reference: other, at: reference })));
  }
  requireBeginning(heads);
  requireEnd(targets);
}

/** Of an object or array something is written before what is in it. */
function headsOf(schema: unknown, depth: number): string[] {
  if (!isObject(schema) || depth > MOST_NESTED) return [];
  const own = typeof schema['$ref'] === 'string' ? [schema['$ref']] : [];
  return [...own, ...branchesOf(schema).flatMap((branch) => headsOf(branch, depth + 1))];
}

function branchesOf(schema: Schema): unknown[] {
  return ['anyOf', 'oneOf', 'allOf'].flatMap((keyword) => {
    const branches = schema[keyword];
    return Array.isArray(branches) ? (branches as unknown[]) : [];
  });
}

function requireBeginning(heads: ReadonlyMap<string, readonly string[]>): void {
  const sound = new Set<string>();
  for (const start of heads.keys()) {
    const path: { reference: string; left: string[] }[] = [];
    const entered = new Set<string>();
    const enter = (reference: string): void => {
      if (entered.has(reference)) {
        throw wrong(reference, `refers to itself, "${reference}", before anything is written`);
      }
      if (sound.has(reference)) return;
      entered.add(reference);
      path.push({ reference, left: [...(heads.get(reference) ?? [])] });
    };
    enter(start);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.left.pop();
      if (next !== undefined) enter(next);
      else {
        path.pop();
        entered.delete(last.reference);
        sound.add(last.reference);
      }
    }
  }
}

function requireEnd(targets: ReadonlyMap<string, unknown>): void {
  const ending = new Set<string>();
  const deepestFirst = [...targets].reverse(); // what others lead to was found after them
  for (let before = -1; before < ending.size;) {
    before = ending.size;
    for (const [reference, target] of deepestFirst) {
      if (!ending.has(reference) && canEnd(target, ending, 0)) ending.add(reference);
    }
  }
  const endless = [...targets.keys()].find((reference) => !ending.has(reference));
  if (endless === undefined) return;
  throw wrong(
    endless,
    'has no end: it cannot be written without itself',
    'Make the property that leads back optional.',
  );
}

/** Whether there is a value of it, if those in `ending` have one. */
function canEnd(schema: unknown, ending: ReadonlySet<string>, depth: number): boolean {
  if (!isObject(schema) || depth > MOST_NESTED) return true;
  const ends = (one: unknown): boolean => canEnd(one, ending, depth + 1);
  if (typeof schema['$ref'] === 'string' && !ending.has(schema['$ref'])) return false;
  for (const keyword of ['anyOf', 'oneOf']) {
    const branches = schema[keyword];
    if (Array.isArray(branches) && branches.length > 0 && !branches.some(ends)) return false;
  }
  const { allOf, type, properties, required, prefixItems, items, minItems } = schema;
  if (Array.isArray(allOf) && !allOf.every(ends)) return false;
  const types = Array.isArray(type) ? (type as unknown[]) : [type];
  if (types.some((one) => one !== undefined && one !== 'object' && one !== 'array')) return true;
  if (Array.isArray(required) && isObject(properties)) {
    if (!required.every((key) => typeof key !== 'string' || ends(properties[key]))) return false;
  }
  if (Array.isArray(prefixItems) && !prefixItems.every(ends)) return false;
  return !(typeof minItems === 'number' && minItems > 0 && !ends(items));
}

/** Those anywhere in it. */
function referencesIn(value: unknown, depth: number): string[] {
  if (typeof value !== 'object' || value === null || depth > 2 * MOST_NESTED) return [];
  if (Array.isArray(value)) return value.flatMap((one) => referencesIn(one, depth + 1));
  return Object.entries(value).flatMap(([key, one]) => {
    if (key === '$ref') return typeof one === 'string' ? [one] : [];
    // What is defined counts where it is referred to; what is written as it stands refers to nothing.
    const isApart = ['$defs', 'definitions', 'const', 'enum', 'default', 'example', 'examples'].includes(key);
    return isApart ? [] : referencesIn(one, depth + 1);
  });
}
