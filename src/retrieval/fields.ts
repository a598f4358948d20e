// `--where field=value` as SQL over the metadata of passages and documents. Case counts only beyond ASCII, however letters are
// composed; a field that is a list has any of its values; a number may be written otherwise (1.5, 1.50). Not here: where fields
// come from (readers/record.ts).
import type { Metadata } from './readers/index.js';

/** A condition over the tables `p` (passages) and `d` (documents), with its values in order. */
export function fieldConditions(fields: Metadata): { sql: string; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const names = keysOf(name);
    const texts = [...new Set(['NFC', 'NFD'].map((form) => String(value).normalize(form)))];
    const number = numberOf(String(value));
    const isNamed = names.map(({ pattern }) => (pattern === undefined ? 'field.key = ?' : LISTED)).join(' OR ');
    const isValue = [
      ...texts.map(() => 'CAST(field.value AS TEXT) = ? COLLATE NOCASE'),
      ...(number ? [AS_NUMBER] : []),
    ];
    const has = (column: string): string =>
      `EXISTS (SELECT 1 FROM json_each(${column}) AS field WHERE (${isNamed}) AND (${isValue.join(' OR ')}))`;
    conditions.push(`(${has('p.metadata')} OR ${has('d.metadata')})`);
    const one = [
      ...names.flatMap(({ key, pattern }) => (pattern === undefined ? [key] : [pattern, `${pattern}.*`])),
      ...texts,
      ...(number === undefined ? [] : [number]),
    ];
    values.push(...one, ...one);
  }
  return { sql: conditions.length === 0 ? '1' : conditions.join(' AND '), values };
}

/** One of a list: `tags.0`, but not `tags.0.name`. */
const LISTED = '(field.key GLOB ? AND field.key NOT GLOB ?)';

const AS_NUMBER = "(CAST(field.value AS TEXT) GLOB '*.*' AND rtrim(rtrim(CAST(field.value AS TEXT), '0'), '.') = ?)";

/** A field by its name, and as a list, at the end or in the middle of its path. */
function keysOf(name: string): { key: string; pattern?: string }[] {
  const forms = [...new Set([name.normalize('NFC'), name.normalize('NFD')])];
  const parts = name
    .normalize('NFC')
    .split('.')
    .map((part) => part.replace(/[[*?]/gu, '[$&]'));
  const lists = parts.map((_, i) => [...parts.slice(0, i + 1), '[0-9]*', ...parts.slice(i + 1)].join('.'));
  return [...forms.map((key) => ({ key })), ...lists.slice(0, 8).map((pattern) => ({ key: name, pattern }))];
}

/** A decimal number that a double holds, without what does not count. */
function numberOf(value: string): string | undefined {
  if (!/^-?\d{1,15}(?:\.\d{1,15})?$/u.test(value) || value.replace(/\D/gu, '').length > 15) return undefined;
  return String(Number(value));
}
