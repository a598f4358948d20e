// Texts of a JSON schema as grammars: by length, format and pattern; names of properties. Not here: formats (schema-formats.ts) and
// patterns (regex-grammar.ts) themselves.
import { isObject } from '../is-object.js';
import { MOST_REPEATED, type Rules } from './gbnf.js';
import { grammarOfRegex } from './regex-grammar.js';
import { unsupported, wrong } from './schema-errors.js';
import { fits, FORMATS } from './schema-formats.js';

type Schema = Readonly<Record<string, unknown>>;

/** The rule of one character of a JSON text. Halves of a pair of surrogates are none: two of them would count as one. */
export function anyCharacter(rules: Rules): string {
  const hex = '[0-9a-fA-F]';
  const code = `([0-9a-ceA-CEfF] ${hex} | [dD] [0-7]) ${hex} ${hex}`;
  return rules.add('character', () => `[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt/] | "u" ${code})`);
}

/** The rule of any JSON text. */
export function anyText(rules: Rules): string {
  return rules.add('any-text', () => `"\\"" ${anyCharacter(rules)}* "\\""`);
}

/** A text in its quotes. Throws `usage` with the place. */
export function textOf(schema: Schema, at: string, rules: Rules): string {
  const least = lengthOf(schema, 'minLength', at) ?? 0;
  const most = lengthOf(schema, 'maxLength', at) ?? Number.POSITIVE_INFINITY;
  if (least > most) throw wrong(at, 'has a longer "minLength" than "maxLength"');
  const { format, pattern } = schema;
  if (format !== undefined && typeof format !== 'string') throw wrong(at, 'needs a text for "format"');
  if (pattern !== undefined && typeof pattern !== 'string') throw wrong(at, 'needs a text for "pattern"');
  const known = format !== undefined && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (known !== undefined && (pattern === undefined || fits(known, pattern))) {
    if (known.least >= least && known.most <= most) return rules.named(format!, quoted(known.grammar));
    if (pattern === undefined) throw unsupported(at, `format: "${format!}" together with such a length`);
  }
  if (pattern !== undefined) {
    // One that a library writes beside a format says it all, and is anchored; another would only say part of it.
    const saysAll = known === undefined || (pattern.startsWith('^') && pattern.endsWith('$'));
    if (!saysAll) throw unsupported(at, `format: "${format!}" together with the pattern ${pattern}`);
    return rules.short('text', quoted(ofPattern(pattern, at, rules, { least, most })));
  }
  if (format !== undefined) {
    throw unsupported(at, `format: ${JSON.stringify(format)}`, `Formats: ${Object.keys(FORMATS).join(', ')}.`);
  }
  if (least === 0 && most === Number.POSITIVE_INFINITY) return anyText(rules);
  return rules.named('text', quoted(rules.repeat(anyCharacter(rules), least, most)));
}

/** The name of a property, in its quotes. `valueOf`: of a schema that lists names. */
export function keyOf(
  names: unknown,
  at: string,
  rules: Rules,
  valueOf: (schema: unknown, at: string) => string,
): string {
  if (names === undefined || names === true) return anyText(rules);
  if (!isObject(names)) throw wrong(at, 'is no schema: an object or true');
  const isListed = names['enum'] !== undefined || names['const'] !== undefined || names['$ref'] !== undefined;
  if (!isListed && (names['type'] ?? 'string') !== 'string') throw wrong(at, 'is of another type than a name can be');
  return valueOf(isListed ? names : { type: 'string', ...names }, at);
}

function ofPattern(pattern: string, at: string, rules: Rules, lengths: { least: number; most: number }): string {
  try {
    return grammarOfRegex(pattern, rules, anyCharacter(rules), lengths);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw wrong(at, `has the pattern ${JSON.stringify(pattern)}, which a grammar here cannot hold: ${error.message}`);
  }
}

function quoted(grammar: string): string {
  return `"\\"" ${grammar} "\\""`;
}

function lengthOf(schema: Schema, keyword: string, at: string): number | undefined {
  const given = schema[keyword];
  if (given === undefined) return undefined;
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= MOST_REPEATED) return given;
  throw wrong(at, `needs a whole number from 0 to ${MOST_REPEATED} for "${keyword}"`);
}
