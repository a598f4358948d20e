// Records (rows, objects) as text that a model can read and as fields that a search can filter by. A part of a record that had to
// be cut carries the fields that stand in it and the short ones that name the record, never all: they would grow with the square
// of it. Not here: their formats.
import type { Block, FieldPlace, Metadata } from './types.js';

type Value = string | number | boolean;

/** Deeper than any data is nested: an attack on the stack. */
const DEEPEST = 100;

/** Characters of a path that is longer than any name: its middle goes. */
const LONGEST_PATH = 200;

/** A record that is shorter is never cut. */
const LONG = 400;

/** Values that are longer are no values to filter by. */
const LONGEST_VALUE = 200;

/** Of the fields that name a record: so many characters on each of its parts. */
const MOST_SHARED = 500;

/** A record as `name: value` lines, in the order of its fields. */
export class RecordWriter {
  text = '';
  readonly blocks: Block[] = [];

  add(fields: ReadonlyMap<string, Value>): void {
    const start = this.text.length;
    const places: FieldPlace[] = [];
    let lines = '';
    for (const [name, value] of fields) {
      if (lines !== '') lines += '\n';
      places.push({ name, start: start + lines.length });
      lines += `${name}: ${value}`;
    }
    if (lines === '') return;
    this.blocks.push({
      ...{ kind: 'record', start, end: start + lines.length, metadata: Object.fromEntries(fields) },
      ...(lines.length > LONG ? { places } : {}),
    });
    this.text += `${lines}\n\n`;
  }

  /** What stands beside the records. */
  addText(text: string): void {
    this.blocks.push({ kind: 'text', start: this.text.length, end: this.text.length + text.length });
    this.text += `${text}\n\n`;
  }
}

/** What each part of a record, [start, end) in the text, carries of its fields. */
export function fieldsOfParts(block: Block): (start: number, end: number) => Metadata | undefined {
  const { places, metadata = {} } = block;
  if (places === undefined) return () => block.metadata;
  const isShort = (value: Value): boolean => typeof value !== 'string' || value.length <= LONGEST_VALUE;
  const shared: Metadata = {};
  let size = 0;
  for (const { name } of places) {
    const value = metadata[name]!;
    if (/\.\d+(?:\.|$)/u.test(name) || !isShort(value)) continue; // one of many, or a text
    size += name.length + String(value).length;
    if (size > MOST_SHARED) break;
    shared[name] = value;
  }
  return (start, end) => {
    const fields = { ...shared };
    for (let i = indexAt(places, start); i < places.length && places[i]!.start < end; i++) {
      const { name } = places[i]!;
      if (isShort(metadata[name]!)) fields[name] = metadata[name]!;
    }
    return fields;
  };
}

/** The last field that begins at or before `at`. */
function indexAt(places: readonly FieldPlace[], at: number): number {
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle]!.start <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The fields of an object of any depth by their dotted paths: `address.city`. Empty ones are left out. */
export function fieldsOf(value: unknown, path = '', out = new Map<string, Value>(), depth = 0): Map<string, Value> {
  if (typeof value === 'string' ? value.trim() !== '' : typeof value === 'number' || typeof value === 'boolean') {
    out.set(unusedName(path === '' ? 'value' : path, out), value as Value);
  } else if (typeof value === 'object' && value !== null) {
    if (depth === DEEPEST) out.set(unusedName(path, out), JSON.stringify(value));
    else {
      for (const [key, item] of Object.entries(value)) fieldsOf(item, joined(path, key), out, depth + 1);
    }
  }
  return out;
}

function joined(path: string, key: string): string {
  const whole = path === '' ? key : `${path}.${key}`;
  if (whole.length <= LONGEST_PATH) return whole;
  return `${whole.slice(0, LONGEST_PATH / 2)}…${whole.slice(1 - LONGEST_PATH / 2)}`;
}

/** A name that is not taken: two columns of one name are two columns. */
export function unusedName(name: string, taken: { has: (name: string) => boolean; size: number }): string {
  if (!taken.has(name)) return name;
  let number = taken.size < 1000 ? 2 : taken.size + 1; // looking for it must not take the square of them
  while (taken.has(`${name} ${number}`)) number++;
  return `${name} ${number}`;
}
