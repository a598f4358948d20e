// What becomes of schemas. That llama.cpp reads it, and that answers conform, is for test/model/structured.test.ts.
import { describe, expect, it } from 'vitest';
import { wholeNumber } from '../../../src/inference/gbnf-numbers.js';
import { grammarOfSchema, writeJson } from '../../../src/inference/json-schema.js';

const root = (schema: unknown): string => grammarOfSchema(schema).split('\n')[0]!.replace('root ::= ', '');

describe('the grammar of a JSON schema', () => {
  it('of a megabyte is refused, whatever it is made of', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `property_with_a_long_name_${i}`);
    const wide = (required: string[]) => ({
      ...{ type: 'object', required, additionalProperties: false },
      properties: Object.fromEntries(names.map((name) => [name, { type: 'string', maxLength: 100 }])),
    });
    const deep = { type: 'object', properties: {} } as { properties: Record<string, unknown> };
    for (let i = 0, at = deep; i < 20_000; i++) {
      const next = { type: 'object', properties: {} } as typeof deep;
      at.properties['a'] = next;
      at = next;
    }
    const values = { enum: Array.from({ length: 40_000 }, (_, i) => `a value with many letters ${i}`) };
    for (const schema of [wide(names), wide([]), deep, values]) {
      expect(() => grammarOfSchema(schema)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    }
  });

  it('writes objects in the order of their properties, and leaves out only what is not required', () => {
    const properties = { a: { const: 1 }, b: { type: 'boolean' }, c: { type: 'null' } };
    const spelt = (required: string[]) => root({ type: 'object', properties, required }).replace(/\\U0{6}/g, '#');
    expect(spelt(['a', 'b', 'c'])).toBe(
      '"{" "#22a#22: " "1" ", " "#22b#22: " ("true" | "false") ", " "#22c#22: " "null" "}"',
    );
    expect(spelt(['b'])).toContain('("#22a#22: " "1" ", " "#22b#22: "');
    expect(spelt(['b'])).toContain('| "#22b#22: " ("true" | "false") (", " "#22c#22: " "null")?)');
  });

  it('takes what schemas of the usual libraries consist of', () => {
    for (const schema of [
      {},
      true,
      { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'T', description: 'D', type: 'string' },
      { type: ['string', 'null'], minLength: 1, maxLength: 5 },
      { anyOf: [{ type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 }, { type: 'null' }] },
      { type: 'array', items: { type: 'number', minimum: 0 }, minItems: 1, maxItems: 3 },
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false },
      { type: 'object', additionalProperties: { type: 'string' } },
      { properties: { a: { $ref: '#/$defs/node' } }, required: ['a'], $defs: { node: { enum: ['x', 2, null] } } },
      { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] },
      { allOf: [{ type: 'string', format: 'date' }] },
      { type: 'object', required: ['anything'] },
    ]) {
      expect(grammarOfSchema(schema)).toMatch(/^root ::= /);
    }
  });

  it('refuses by name and place what it cannot hold', () => {
    const wrong: [unknown, RegExp][] = [
      [{ type: 'object', properties: { a: { type: 'string', pattern: '(?!x)' } } }, /#\/properties\/a has the pattern/],
      [{ type: 'array', uniqueItems: true }, /uniqueItems/],
      [{ type: 'number', multipleOf: 2 }, /multipleOf/],
      [{ type: 'string', format: 'colour' }, /format: "colour"/],
      [{ type: 'string', minimum: 3 }, /minimum/],
      [{ not: { type: 'string' } }, /not/],
      [{ allOf: [{ type: 'string' }, { type: 'number' }] }, /allOf/],
      [{ anyOf: [{ type: 'string' }], type: 'number' }, /allOf of types/],
      [{ $ref: '#/$defs/none' }, /refers to/],
      [{ $ref: 'https://example.org/schema' }, /refers to/],
      [{ type: 'text' }, /type "text"/],
      [{ type: 'integer', minimum: 5, maximum: 4 }, /allows nothing/],
      [{ type: 'integer', enum: ['a'] }, /allows nothing/],
      [{ type: 'string', maxLength: 1e7 }, /0 to 1000000/],
      [{ type: 'array', items: false, minItems: 1 }, /fewer items/],
      [{ type: 'object', required: ['x'], additionalProperties: false }, /requires "x"/],
      [false, /allows nothing/],
      [null, /is no schema/],
      ['{}', /is no schema/],
    ];
    for (const [schema, message] of wrong) {
      expect(() => grammarOfSchema(schema), JSON.stringify(schema)).toThrow(message);
    }
    let deep: object = { type: 'string' };
    for (let i = 0; i < 100; i++) deep = { type: 'array', items: deep };
    expect(() => grammarOfSchema(deep)).toThrow(/nested/);
  });

  it('holds whole numbers exactly within their range', () => {
    for (const [least, most] of [
      [0, 0],
      [3, 7],
      [0, 10],
      [95, 1203],
      [-12, 5],
      [-120, -7],
      [8, 100],
      [999, 1000],
    ] as const) {
      const expression = expressionOf(wholeNumber(least, most));
      for (let n = -1300; n <= 1300; n++) {
        expect(expression.test(String(n)), `${n} in ${least} to ${most}`).toBe(n >= least && n <= most);
      }
      expect(expression.test('007')).toBe(false);
      expect(expression.test('-0')).toBe(false);
    }
    expect(() => wholeNumber(1.2, 1.8)).toThrow(RangeError);
  });

  it('writes JSON as the grammars do', () => {
    expect(writeJson({ a: [1, 'zwei\n', null], b: { c: true, d: undefined } })).toBe(
      String.raw`{"a": [1, "zwei\n", null], "b": {"c": true}}`,
    );
  });
});

/** GBNF without references is nearly a regular expression. */
function expressionOf(gbnf: string): RegExp {
  return new RegExp(`^(?:${gbnf.replace(/"([^"]*)"/g, '$1').replaceAll(' ', '')})$`);
}
