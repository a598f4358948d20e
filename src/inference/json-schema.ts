// A JSON schema as a grammar: every sentence of it is JSON that conforms, written on one line as Python's json module writes
// it, which is what models have read most of. Optional properties may be left out, and properties come in the schema's order.
// What a grammar cannot hold is refused by name, nothing is ignored but annotations. Not here: checking JSON that is there.
import { EngramError } from '../errors.js';
import { isObject } from '../is-object.js';
import { alternatives, decimalNumber, literal, MOST_REPEATED, repeated, Rules, wholeNumber } from './gbnf.js';

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(
  [
    '$schema',
    '$id',
    '$anchor',
    '$comment',
    '$defs',
    'definitions',
    'title',
    'description',
    'default',
    'example',
  ].concat(['examples', 'deprecated', 'readOnly', 'writeOnly']),
);
/** What each type understands. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'format'],
  boolean: [],
  null: [],
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
};
const DATE = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])';
const TIME = '("0" [0-9] | "1" [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{3})? "Z"';
const HEX = '[0-9a-f]';
const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE} "T" ${TIME}`,
  uuid: `${HEX}{8} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{4} "-" ${HEX}{12}`,
};
const MOST_NESTED = 64;

/** GBNF of a schema. Throws `usage`, naming what is not supported and where. */
export function grammarOfSchema(schema: unknown): string {
  const rules = new Rules();
  return rules.grammar(valueOf(schema, rules, 'schema'));
}

/** Adds what a schema needs to `rules`; the expression that stands for its values. `name`: of the schema among them. */
export function valueOf(schema: unknown, rules: Rules, name: string): string {
  return new Converter(schema, rules, name).value(schema, '#', 0);
}

/** A value as the grammars write it. */
export function writeJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return value === undefined ? 'null' : JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}: ${writeJson(field)}`).join(', ')}}`;
}

class Converter {
  constructor(
    private readonly root: unknown,
    private readonly rules: Rules,
    private readonly name: string,
  ) {}

  value(schema: unknown, at: string, depth: number): string {
    if (depth > MOST_NESTED) throw wrong(at, `is nested more than ${MOST_NESTED} deep`);
    if (schema === true) return this.#any();
    if (schema === false) throw wrong(at, 'allows nothing');
    if (!isObject(schema)) throw wrong(at, 'is no schema: an object or true');
    if (schema['nullable'] === true) {
      return alternatives([this.value(without(schema, 'nullable'), at, depth + 1), '"null"']);
    }
    if (typeof schema['$ref'] === 'string') {
      this.#only(schema, at, ['$ref']);
      return this.#reference(schema['$ref'], at);
    }
    for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
      const among = schema[keyword];
      if (among === undefined) continue;
      this.#only(schema, at, [keyword]);
      if (!Array.isArray(among) || among.length === 0) throw wrong(at, `needs a list of schemas for "${keyword}"`);
      if (keyword === 'allOf' && among.length > 1) throw unsupported(at, 'allOf');
      return alternatives(among.map((one, i) => this.value(one, `${at}/${keyword}/${i}`, depth + 1)));
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
        return this.#object(schema, at, depth);
      case 'array':
        return this.#array(schema, at, depth);
      case 'string':
        return this.#string(schema, at);
      case 'boolean':
        return '("true" | "false")';
      case 'null':
        return '"null"';
      default:
        return this.#number(type, schema, at);
    }
  }

  #object(schema: Schema, at: string, depth: number): string {
    const { properties = {}, required = [], additionalProperties } = schema;
    if (!isObject(properties)) throw wrong(at, 'needs an object for "properties"');
    if (!isStrings(required)) throw wrong(at, 'needs a list of names for "required"');
    const undescribed = required.filter((key) => !Object.hasOwn(properties, key));
    if (undescribed.length > 0 && additionalProperties === false) {
      throw wrong(at, `requires "${undescribed[0]!}", which it does not allow`);
    }
    const others: [string, unknown][] = undescribed.map((key) => [key, additionalProperties ?? true]);
    const fields = [...Object.entries(properties), ...others].map(([key, field]) => ({
      isRequired: required.includes(key),
      text: `${literal(`${JSON.stringify(key)}: `)} ${this.value(field, `${at}/properties/${key}`, depth + 1)}`,
    }));
    if (fields.length > 0) return `"{" ${fieldsInOrder(fields)} "}"`;
    if (additionalProperties === false || 'properties' in schema) return '"{}"';
    const field = `${this.#text()} ": " ${this.value(additionalProperties ?? true, `${at}/additionalProperties`, depth + 1)}`;
    return `"{" (${field} (", " ${field})*)? "}"`;
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

    const item = this.value(items ?? true, `${at}/items`, depth + 1);
    const [fewest, largest] = [Math.max(0, least - first.length), most - first.length];
    if (first.length > 0) return `"[" ${first.join(' ", " ')} ${repeated(`(", " ${item})`, fewest, largest)} "]"`;
    const list = `${item} ${repeated(`(", " ${item})`, Math.max(0, fewest - 1), largest - 1)}`;
    return fewest === 0 ? `"[" (${list})? "]"` : `"[" ${list} "]"`;
  }

  #string(schema: Schema, at: string): string {
    const least = count(schema, 'minLength', at) ?? 0;
    const most = count(schema, 'maxLength', at) ?? Number.POSITIVE_INFINITY;
    if (least > most) throw wrong(at, 'has a longer "minLength" than "maxLength"');
    const { format } = schema;
    if (format === undefined) {
      if (least === 0 && most === Number.POSITIVE_INFINITY) return this.#text();
      return `"\\"" ${repeated(this.#character(), least, most)} "\\""`;
    }
    const known = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
    const hint = `Formats: ${Object.keys(FORMATS).join(', ')}.`;
    if (known === undefined) throw unsupported(at, `format: ${JSON.stringify(format)}`, hint);
    if (least > 0 || most < Number.POSITIVE_INFINITY) throw unsupported(at, 'format together with a length');
    return `"\\"" ${known} "\\""`;
  }

  #number(type: string, schema: Schema, at: string): string {
    const bound = (keyword: string): number | undefined => {
      const given = schema[keyword];
      if (given === undefined || (typeof given === 'number' && Number.isFinite(given))) return given;
      throw wrong(at, `needs a number for "${keyword}"`);
    };
    const [low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY] = [bound('minimum'), bound('maximum')];
    try {
      if (type === 'number') {
        const isWhole = [low, high].every((end) => Number.isInteger(end) || !Number.isFinite(end));
        if (!isWhole) throw unsupported(at, 'minimum or maximum that is no whole number');
        return decimalNumber(low, high);
      }
      const { format } = schema;
      if (format !== undefined && format !== 'int32' && format !== 'int64') {
        throw unsupported(at, `format: ${JSON.stringify(format)}`);
      }
      const [above, below] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')];
      return wholeNumber(
        Math.max(low, above === undefined ? low : Math.floor(above) + 1, format === 'int32' ? -(2 ** 31) : low),
        Math.min(high, below === undefined ? high : Math.ceil(below) - 1, format === 'int32' ? 2 ** 31 - 1 : high),
      );
    } catch (error) {
      if (error instanceof RangeError) throw wrong(at, `allows nothing: ${error.message}`);
      throw error;
    }
  }

  #constants(schema: Schema, keyword: string, values: readonly unknown[], at: string): string {
    this.#only(schema, at, [keyword, 'type']);
    const types = 'type' in schema ? typesOf(schema, at) : undefined;
    const allowed = values.filter((value) => types === undefined || types.some((type) => isOfType(value, type)));
    if (allowed.length === 0) throw wrong(at, `allows nothing: no value of "${keyword}" is of its type`);
    return alternatives(allowed.map((value) => literal(writeJson(value))));
  }

  #reference(reference: string, at: string): string {
    const found = reference === '#' ? this.root : pointedAt(this.root, reference);
    if (found === undefined) throw wrong(at, `refers to "${reference}", which is not in it`);
    const name = `${this.name}-${reference.replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-/, '')}${hash(reference)}`;
    return this.rules.add(name, () => this.value(found, reference, 0));
  }

  #any(): string {
    const fields = (key: string): string => `(${key}any-value (", " ${key}any-value)*)?`;
    return this.rules.add('any-value', () => {
      const list = `"[" ${fields('')} "]"`;
      const map = `"{" ${fields(`${this.#text()} ": " `)} "}"`;
      const number = decimalNumber(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      return `${this.#text()} | ${number} | "true" | "false" | "null" | ${list} | ${map}`;
    });
  }

  #text(): string {
    return this.rules.add('any-text', () => `"\\"" ${this.#character()}* "\\""`);
  }

  #character(): string {
    return this.rules.add(
      'character',
      () => '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt/] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])',
    );
  }

  #only(schema: Schema, at: string, keywords: readonly string[]): void {
    for (const keyword of Object.keys(schema)) {
      if (keywords.includes(keyword) || ANNOTATIONS.has(keyword) || schema[keyword] === undefined) continue;
      if (keyword === 'nullable' && schema[keyword] === false) continue;
      if (keyword === 'uniqueItems' && schema[keyword] === false) continue;
      throw unsupported(at, keyword);
    }
  }
}

/** Fields with commas between those that are there. */
function fieldsInOrder(fields: readonly { isRequired: boolean; text: string }[]): string {
  const [first, ...rest] = fields;
  if (first === undefined) return '""';
  const after = rest.map(({ isRequired, text }) => (isRequired ? `", " ${text}` : `(", " ${text})?`));
  const withFirst = [first.text, ...after].join(' ');
  return first.isRequired ? withFirst : `(${withFirst} | ${fieldsInOrder(rest)})`;
}

function typesOf(schema: Schema, at: string): string[] {
  const { type } = schema;
  const types = Array.isArray(type) ? (type as unknown[]) : type === undefined ? [] : [type];
  for (const one of types) {
    if (typeof one !== 'string' || !Object.hasOwn(KEYWORDS, one)) {
      throw wrong(at, `has the type ${JSON.stringify(one)}`, `Types: ${Object.keys(KEYWORDS).join(', ')}.`);
    }
  }
  if (type !== undefined) return types as string[];
  return ['object', 'array', 'string'].filter((kind) =>
    KEYWORDS[kind]!.some((keyword) => keyword !== 'format' && schema[keyword] !== undefined),
  );
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

/** What a JSON pointer within the schema points at. */
function pointedAt(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined;
  let found = root;
  for (const part of reference.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Schema)[key];
  }
  return found;
}

/** Tells references apart that are alike in letters and digits. */
function hash(text: string): string {
  let sum = 0;
  for (const c of text) sum = (sum * 31 + c.codePointAt(0)!) >>> 0;
  return `-${sum.toString(36)}`;
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function without(schema: Schema, key: string): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}

function wrong(at: string, what: string, hint?: string): EngramError {
  return new EngramError('usage', `The JSON schema at ${at} ${what}.`, { hint });
}

function unsupported(at: string, what: string, hint?: string): EngramError {
  return wrong(at, `has "${what}", which a grammar here cannot hold`, hint);
}
