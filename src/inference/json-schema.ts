// A JSON schema as a grammar: every sentence of it is JSON that conforms, written on one line as Python's json module writes
// it, which is what models have read most of. Optional properties may be left out, and properties come in the schema's order.
// What a grammar cannot hold is refused by name, nothing is ignored but annotations. Not here: texts (schema-strings.ts),
// references (schema-references.ts), checking JSON that is there.
import { isObject } from '../is-object.js';
import { alternatives, literal, MOST_REPEATED, Rules } from './gbnf.js';
import { decimalNumber, wholeNumber, type End } from './gbnf-numbers.js';
import { unsupported, wrong } from './schema-errors.js';
import { mergeSchemas } from './schema-merging.js';
import { checkReferences, pointedAt } from './schema-references.js';
import { anyText, keyOf, textOf } from './schema-strings.js';

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set([
  ...[
    '$schema',
    '$id',
    '$anchor',
    '$comment',
    '$defs',
    'definitions',
    '$vocabulary',
    'title',
    'description',
    'default',
  ],
  ...['example', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'discriminator', 'externalDocs', 'xml'],
  ...['contentEncoding', 'contentMediaType'],
]);
/** What each type understands. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'format', 'pattern'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'format', 'multipleOf'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'format', 'multipleOf'],
  boolean: [],
  null: [],
  object: ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
};
/** Formats of numbers: the bounds that they have. */
const NUMBER_FORMATS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  uint64: [0, Number.POSITIVE_INFINITY],
  float: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  double: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};
const MOST_NESTED = 64;
/** Characters; as many as are given to llama.cpp to read. */
const LARGEST_GRAMMAR = 2 ** 20;
/** Characters, as JSON: some times what hosted services allow. */
const LARGEST_SCHEMA = 2 ** 19;

/** GBNF of a schema. Throws `usage`, naming what is not supported and where. */
export function grammarOfSchema(schema: unknown): string {
  if (lengthOf(schema) > LARGEST_SCHEMA) throw wrong('#', `is longer than ${LARGEST_SCHEMA} characters`);
  const rules = new Rules();
  const grammar = rules.grammar(valueOf(schema, rules, 'schema'));
  if (grammar.length <= LARGEST_GRAMMAR) return grammar;
  throw wrong('#', `is too large: its grammar would have more than ${LARGEST_GRAMMAR} characters`);
}

/** 0 of what is no JSON: what is wrong with it is found where it is. */
function lengthOf(schema: unknown): number {
  try {
    return (JSON.stringify(schema) as string | undefined)?.length ?? 0;
  } catch {
    return 0;
  }
}

/** Adds what a schema needs to `rules`; the expression that stands for its values. `name`: of the schema among them. */
export function valueOf(schema: unknown, rules: Rules, name: string): string {
  return new Converter(schema, rules, name).root();
}

/** A value as the grammars write it. */
export function writeJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return value === undefined ? 'null' : JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}: ${writeJson(field)}`).join(', ')}}`;
}

class Converter {
  /** Names of the rules of what references point at, and those that have no body yet. */
  readonly #referred = new Map<string, string>();
  readonly #waiting: { reference: string; found: unknown }[] = [];

  constructor(
    private readonly schema: unknown,
    private readonly rules: Rules,
    private readonly name: string,
  ) {}

  root(): string {
    const value = this.value(this.schema, '#', 0);
    checkReferences(this.schema);
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      this.rules.define(this.#referred.get(next.reference)!, this.value(next.found, next.reference, 0));
    }
    return value;
  }

  value(schema: unknown, at: string, depth: number): string {
    if (depth > MOST_NESTED) throw wrong(at, `is nested more than ${MOST_NESTED} deep`);
    if (schema === true) return this.#any();
    if (schema === false) throw wrong(at, 'allows nothing');
    if (!isObject(schema)) throw wrong(at, 'is no schema: an object or true');
    if (schema['nullable'] === true) {
      return alternatives([this.value(without(schema, 'nullable'), at, depth + 1), '"null"']);
    }
    if (schema['$ref'] !== undefined) return this.#reference(schema, at);
    if (schema['allOf'] !== undefined) return this.value(this.#merged(schema, at, 0), at, depth + 1);
    for (const keyword of ['anyOf', 'oneOf']) {
      if (schema[keyword] === undefined) continue;
      const among = listOf(schema, keyword, at);
      const others = without(schema, keyword);
      const isAlone = Object.keys(others).every((key) => ANNOTATIONS.has(key));
      const ways = among.map((one, i) =>
        this.value(isAlone ? one : { allOf: [others, one] }, `${at}/${keyword}/${i}`, depth + 1),
      );
      return this.rules.short(`${this.name}-choice`, alternatives(ways));
    }
    if ('const' in schema) return this.#constants(schema, 'const', [schema['const']], at);
    const listed = schema['enum'];
    if (listed !== undefined) {
      if (!Array.isArray(listed) || listed.length === 0) throw wrong(at, 'needs a list of values for "enum"');
      return this.#constants(schema, 'enum', listed, at);
    }
    const types = typesOf(schema, at);
    if (types.length === 0) {
      this.#only(schema, at, []);
      return this.#any();
    }
    this.#only(schema, at, ['type', ...types.flatMap((type) => KEYWORDS[type]!)]);
    return alternatives(types.map((type) => this.#typed(type, schema, at, depth)));
  }

  #typed(type: string, schema: Schema, at: string, depth: number): string {
    switch (type) {
      case 'object':
        return this.rules.short(`${this.name}-object`, this.#object(schema, at, depth));
      case 'array':
        return this.rules.short(`${this.name}-array`, this.#array(schema, at, depth));
      case 'string':
        return textOf(schema, at, this.rules);
      case 'boolean':
        return '("true" | "false")';
      case 'null':
        return '"null"';
      default:
        return this.rules.short('number', numberOf(type, schema, at));
    }
  }

  #object(schema: Schema, at: string, depth: number): string {
    const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
    if (!isObject(properties)) throw wrong(at, 'needs an object for "properties"');
    if (!isStrings(required)) throw wrong(at, 'needs a list of names for "required"');
    const [least = 0, most = Number.POSITIVE_INFINITY] = [
      count(schema, 'minProperties', at),
      count(schema, 'maxProperties', at),
    ];
    const undescribed = required.filter((key) => !Object.hasOwn(properties, key));
    if (undescribed.length > 0 && additionalProperties === false) {
      throw wrong(at, `requires "${undescribed[0]!}", which it does not allow`);
    }
    const others: [string, unknown][] = undescribed.map((key) => [key, additionalProperties ?? true]);
    const fields = [...Object.entries(properties), ...others].map(([key, field]) => ({
      isRequired: required.includes(key),
      text: `${literal(`${JSON.stringify(key)}: `)} ${this.value(field, `${at}/properties/${pointer(key)}`, depth + 1)}`,
    }));
    if (fields.length > 0 || 'properties' in schema) {
      if (least > required.length) throw unsupported(at, 'minProperties of more than are required');
      if (most < fields.length) throw unsupported(at, 'maxProperties of fewer than are described');
      return fields.length === 0 ? '"{}"' : `"{" ${this.#inOrder(fields)} "}"`;
    }
    if (additionalProperties === false || most === 0) {
      if (least > 0) throw wrong(at, 'needs properties that it does not allow');
      return '"{}"';
    }
    const key = keyOf(propertyNames, `${at}/propertyNames`, this.rules, (names, where) =>
      this.value(names, where, depth + 1),
    );
    const of = this.value(additionalProperties ?? true, `${at}/additionalProperties`, depth + 1);
    const field = this.rules.short(`${this.name}-field`, `${key} ": " ${of}`);
    return this.#list('{', '}', field, least, most);
  }

  /** Fields with commas between those that are there. Rules of what follows keep it as long as the fields are. */
  #inOrder(fields: readonly { isRequired: boolean; text: string }[]): string {
    const name = `${this.name}-fields`;
    let [first, rest] = ['""', ''];
    for (const { isRequired, text } of [...fields].reverse()) {
      const field = this.rules.short(`${this.name}-field`, text);
      const withField = `${field}${rest === '' ? '' : ` ${rest}`}`;
      first = isRequired ? withField : this.rules.short(name, `(${withField} | ${first})`);
      const next = isRequired ? `", " ${field}` : `(", " ${field})?`;
      rest = this.rules.short(name, `${next}${rest === '' ? '' : ` ${rest}`}`);
    }
    return first;
  }

  #list(open: string, close: string, item: string, least: number, most: number): string {
    const more = this.rules.repeat(`", " ${item}`, Math.max(0, least - 1), most - 1);
    const list = more === '""' ? item : `${item} ${more}`;
    return least === 0 ? `"${open}" (${list})? "${close}"` : `"${open}" ${list} "${close}"`;
  }

  #array(schema: Schema, at: string, depth: number): string {
    const { prefixItems = [], items } = schema;
    if (!Array.isArray(prefixItems)) throw wrong(at, 'needs a list of schemas for "prefixItems"');
    const least = count(schema, 'minItems', at) ?? 0;
    const most = count(schema, 'maxItems', at) ?? Number.POSITIVE_INFINITY;
    if (least > most) throw wrong(at, 'has more "minItems" than "maxItems"');
    const first = prefixItems
      .slice(0, Math.min(prefixItems.length, most))
      .map((one, i) => this.value(one, `${at}/prefixItems/${i}`, depth + 1));
    const isMore = items !== false && (items !== undefined || first.length < least || prefixItems.length === 0);
    if (!isMore && least > first.length) throw wrong(at, 'has fewer items than "minItems"');
    if (!isMore || most === first.length) return `"[" ${first.join(' ", " ') || '""'} "]"`;

    const item = this.rules.short(`${this.name}-item`, this.value(items ?? true, `${at}/items`, depth + 1));
    if (first.length === 0) return this.#list('[', ']', item, least, most);
    const more = this.rules.repeat(`", " ${item}`, Math.max(0, least - first.length), most - first.length);
    return `"[" ${first.join(' ", " ')} ${more} "]"`;
  }

  #constants(schema: Schema, keyword: string, values: readonly unknown[], at: string): string {
    this.#only(schema, at, [keyword, 'type']);
    const types = 'type' in schema ? typesOf(schema, at) : undefined;
    const allowed = values.filter((value) => types === undefined || types.some((type) => isOfType(value, type)));
    if (allowed.length === 0) throw wrong(at, `allows nothing: no value of "${keyword}" is of its type`);
    return this.rules.short(`${this.name}-values`, alternatives(allowed.map((value) => literal(writeJson(value)))));
  }

  #reference(schema: Schema, at: string): string {
    const reference = schema['$ref'];
    if (typeof reference !== 'string') throw wrong(at, `needs a text for "$ref", not ${JSON.stringify(reference)}`);
    const others = without(schema, '$ref');
    if (Object.keys(others).some((key) => !ANNOTATIONS.has(key))) {
      return this.value({ allOf: [others, { $ref: reference }] }, at, 1);
    }
    let name = this.#referred.get(reference);
    if (name === undefined) {
      const found = pointedAt(this.schema, reference, at);
      name = this.rules.reserve(`${this.name}-${reference.replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-|-$/g, '')}`);
      this.#referred.set(reference, name);
      this.#waiting.push({ reference, found });
    }
    return name;
  }

  /** What holds with `allOf` as one schema. */
  #merged(schema: Schema, at: string, depth: number): Schema {
    if (depth > MOST_NESTED) throw wrong(at, `is nested more than ${MOST_NESTED} deep`);
    if (typeof schema['$ref'] === 'string') {
      const found = pointedAt(this.schema, schema['$ref'], at);
      return this.#merged({ allOf: [found, without(schema, '$ref')] }, at, depth + 1);
    }
    if (schema['allOf'] === undefined) return schema;
    const all = listOf(schema, 'allOf', at).filter((one) => one !== true);
    const members = [without(schema, 'allOf'), ...all].map((one, i) => {
      if (one === false) throw wrong(at, 'allows nothing');
      if (!isObject(one)) throw wrong(`${at}/allOf/${i - 1}`, 'is no schema: an object or true');
      return this.#merged(one, at, depth + 1);
    });
    return mergeSchemas(members, at, ANNOTATIONS);
  }

  #any(): string {
    const fields = (key: string): string => `(${key}any-value (", " ${key}any-value)*)?`;
    return this.rules.add('any-value', () => {
      const text = anyText(this.rules);
      const list = `"[" ${fields('')} "]"`;
      const map = `"{" ${fields(`${text} ": " `)} "}"`;
      return `${text} | ${numberOf('number', {}, '#')} | "true" | "false" | "null" | ${list} | ${map}`;
    });
  }

  #only(schema: Schema, at: string, keywords: readonly string[]): void {
    for (const keyword of Object.keys(schema)) {
      if (keywords.includes(keyword) || ANNOTATIONS.has(keyword) || schema[keyword] === undefined) continue;
      if (keyword.startsWith('x-')) continue; // extensions of OpenAPI
      if (keyword === 'nullable' && schema[keyword] === false) continue;
      if (keyword === 'uniqueItems' && schema[keyword] === false) continue;
      throw unsupported(at, keyword);
    }
  }
}

function numberOf(type: string, schema: Schema, at: string): string {
  const bound = (keyword: string): number | undefined => {
    const given = schema[keyword];
    if (given === undefined || (typeof given === 'number' && Number.isFinite(given))) return given;
    if (typeof given === 'boolean')
      throw unsupported(at, `${keyword}: ${String(given)}`, 'Since draft 6 it is a number.');
    throw wrong(at, `needs a number for "${keyword}"`);
  };
  const { format } = schema;
  const known =
    typeof format === 'string' && Object.hasOwn(NUMBER_FORMATS, format) ? NUMBER_FORMATS[format] : undefined;
  if (format !== undefined && known === undefined) throw unsupported(at, `format: ${JSON.stringify(format)}`);
  const [bottom, top] = known ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const step = bound('multipleOf');
  if (step !== undefined && step !== 1) throw unsupported(at, `multipleOf: ${step}`);
  const low = innermost(bound('minimum'), bound('exclusiveMinimum'), bottom, (a, b) => a > b);
  const high = innermost(bound('maximum'), bound('exclusiveMaximum'), top, (a, b) => a < b);
  try {
    if (type === 'number' && step === undefined && !(typeof format === 'string' && format.includes('int')))
      return decimalNumber(low, high);
    return wholeNumber(low.isOpen ? Math.floor(low.at) + 1 : low.at, high.isOpen ? Math.ceil(high.at) - 1 : high.at);
  } catch (error) {
    if (error instanceof RangeError) throw wrong(at, `allows nothing: ${error.message}`);
    throw error;
  }
}

/** The narrowest of up to three ends. */
function innermost(
  closed: number | undefined,
  open: number | undefined,
  of: number,
  isWithin: (a: number, b: number) => boolean,
): End {
  let end: End = { at: of, isOpen: false };
  if (closed !== undefined && isWithin(closed, end.at)) end = { at: closed, isOpen: false };
  if (open !== undefined && (isWithin(open, end.at) || open === end.at)) end = { at: open, isOpen: true };
  return end;
}

function typesOf(schema: Schema, at: string): string[] {
  const { type } = schema;
  const types = Array.isArray(type) ? (type as unknown[]) : type === undefined ? [] : [type];
  for (const one of types) {
    if (typeof one !== 'string' || !Object.hasOwn(KEYWORDS, one)) {
      throw wrong(at, `has the type ${JSON.stringify(one)}`, `Types: ${Object.keys(KEYWORDS).join(', ')}.`);
    }
  }
  if (type !== undefined && types.length === 0) throw wrong(at, 'allows nothing: its list of types is empty');
  if (type !== undefined) return [...new Set(types as string[])];
  const named = ['object', 'array', 'string', 'number'].filter((kind) =>
    KEYWORDS[kind]!.some((keyword) => keyword !== 'format' && schema[keyword] !== undefined),
  );
  return named.length === 0 && schema['format'] !== undefined ? ['string'] : named;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

function count(schema: Schema, keyword: string, at: string): number | undefined {
  const given = schema[keyword];
  if (given === undefined) return undefined;
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= MOST_REPEATED) return given;
  throw wrong(at, `needs a whole number from 0 to ${MOST_REPEATED} for "${keyword}"`);
}

function listOf(schema: Schema, keyword: string, at: string): unknown[] {
  const among = schema[keyword];
  if (Array.isArray(among) && among.length > 0) return among as unknown[];
  throw wrong(at, `needs a list of schemas for "${keyword}"`);
}

/** A name as a JSON pointer has it. */
function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function without(schema: Schema, key: string): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}
