// Sentences that the grammars of schemas say at random: all conform, and llama.cpp can read the grammars. The schemas are what zod 4
// writes, and what people asked for that was refused.
import { describe, expect, it } from 'vitest';
import { decimalNumber } from '../../../src/inference/gbnf-numbers.js';
import { grammarOfSchema } from '../../../src/inference/json-schema.js';
import { Grammar, randomOf } from './gbnf-reader.js';

/** As many sentences, parsed. */
function say(schema: unknown, count = 150): unknown[] {
  const grammar = new Grammar(grammarOfSchema(schema));
  const random = randomOf(7);
  return Array.from({ length: count }, () => JSON.parse(grammar.say(random)) as unknown);
}

const DATE =
  '(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8]))';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?';
/** As z.toJSONSchema() of zod 4.6 writes them. */
const OF_ZOD: Readonly<Record<string, { format?: string; pattern?: string; minLength?: number; maxLength?: number }>> =
  {
    date: { format: 'date', pattern: `^(?:${DATE})$` },
    datetime: { format: 'date-time', pattern: `^(?:${DATE})T(?:${TIME}(?:Z))$` },
    offset: { format: 'date-time', pattern: `^(?:${DATE})T(?:${TIME}(?:Z|([+-](?:[01]\\d|2[0-3]):[0-5]\\d)))$` },
    time: { pattern: '^(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?$' },
    uuid: {
      format: 'uuid',
      pattern:
        '^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$',
    },
    email: {
      ...{ format: 'email', minLength: 2, maxLength: 100 },
      pattern:
        "^(?:[A-Za-z0-9_'+\\-]+\\.)*[A-Za-z0-9_'+\\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    },
    hostname: {
      format: 'hostname',
      pattern:
        '^(?=.{1,253}\\.?$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[-0-9a-zA-Z]{0,61}[0-9a-zA-Z])?)*\\.?$',
    },
    ipv4: {
      format: 'ipv4',
      pattern:
        '^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])$',
    },
    base64: {
      format: 'base64',
      pattern: '^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$',
    },
    nanoid: { format: 'nanoid', pattern: '^[a-zA-Z0-9_-]{21}$' },
    duration: {
      format: 'duration',
      pattern:
        '^P(?:(\\d+W)|(?!.*W)(?=\\d|T\\d)(\\d+Y)?(\\d+M)?(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+([.,]\\d+)?S)?)?)$',
    },
    startsWith: { format: 'starts_with', pattern: '^ab.*' },
    includes: { format: 'includes', pattern: 'x', maxLength: 9 },
  };

describe('texts', () => {
  it('match what zod writes beside their format', () => {
    for (const [name, { pattern, minLength = 0, maxLength = Infinity, ...rest }] of Object.entries(OF_ZOD)) {
      const limits = { ...(minLength > 0 ? { minLength } : {}), ...(maxLength < Infinity ? { maxLength } : {}) };
      for (const text of say({ type: 'string', ...rest, ...limits, pattern })) {
        expect(text, name).toMatch(new RegExp(pattern!));
        const length = Array.from(text as string).length;
        expect(length >= minLength && length <= maxLength, `${name}: ${length}`).toBe(true);
      }
    }
  });

  it('have every day of every month, and no other', () => {
    const days = say({ type: 'string', format: 'date' }, 4000) as string[];
    for (const day of days) expect(new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10)).toBe(day);
    for (const last of ['-29', '-30', '-31', '-02-29']) expect(days.some((day) => day.endsWith(last))).toBe(true);
    for (const time of say({ type: 'string', format: 'date-time' })) {
      expect(Number.isNaN(Date.parse(time as string))).toBe(false);
    }
  });

  it('match patterns of people', () => {
    for (const pattern of [
      ...['^[A-Z]{2}-\\d{4,6}$', 'abc', '^a+b*?c?$', '^(?<year>\\d{4})/(a|bc|)$', '^["\\\\/\\n]{3}$', '^[^a-z"]+$', ''],
      ...[
        '^\\u00e9\\x41\\.\\$$',
        'end$',
        '^(yes|no)$',
        '(^a$|^b$)',
        '^(?:ab){2}(?:c|d{0,1500})$',
        '\\w+@\\w+',
        '^\\S\\s\\D$',
      ],
    ]) {
      for (const text of say({ type: 'string', pattern }, 60)) expect(text).toMatch(new RegExp(pattern, 'u'));
    }
    for (const text of say({ type: 'string', pattern: 'x$', minLength: 5, maxLength: 7 })) {
      expect(text).toMatch(/^[^]{4,9}x$/u);
    }
    for (const text of say({ type: 'string', allOf: [{ pattern: '^a' }, { pattern: 'b$' }] })) {
      expect(text).toMatch(/^a[^]*b$/);
    }
  });

  it('are refused with words where a pattern is too much', () => {
    for (const [pattern, why] of [
      ['(?=a)b', /looks ahead/],
      ['(a)\\1', /"\\1"/],
      ['\\p{L}', /"\\p"/],
      ['a(b', /not closed/],
      ['[z-a]', /wrong way round/],
      ['a^b', /anchor/],
      ['*', /nothing before/],
      ['a{2000001}', /more than/],
      ['\\', /breaks off/],
    ] as const) {
      expect(() => grammarOfSchema({ type: 'string', pattern }), pattern).toThrow(why);
    }
    expect(() => grammarOfSchema({ type: 'string', pattern: '^a{4}$', maxLength: 3 })).toThrow(/maxLength/);
    expect(() => grammarOfSchema({ type: 'string', format: 'date', pattern: '2024' })).toThrow(/together/);
    expect(() => grammarOfSchema({ type: 'string', format: 'date', pattern: '^(a+)+$' })).not.toThrow();
    expect(() => grammarOfSchema({ type: 'string', pattern: 7 })).toThrow(/needs a text/);
  });
});

describe('large bounds', () => {
  it('make grammars that llama.cpp reads, and are kept', () => {
    for (const [least, most] of [
      [0, 2000],
      [0, 300],
      [1500, 1500],
      [2500, 12_345],
      [3, 100_000],
      [999, 1001],
    ] as const) {
      const schema = { type: 'string', minLength: least, maxLength: most };
      const made = new Grammar(grammarOfSchema(schema)).made;
      expect(made).toBeLessThan(5000);
      for (const text of say(schema, 8)) {
        const { length } = Array.from(text as string);
        expect(length >= least && length <= most, `${length} in ${least} to ${most}`).toBe(true);
      }
    }
  });

  it('nest in one another without blow-up', () => {
    const text = { type: 'string', maxLength: 300 };
    const person = {
      type: 'object',
      properties: {
        name: text,
        notes: { type: 'array', items: text, maxItems: 50 },
        age: { type: 'integer', minimum: 0, maximum: 150 },
      },
      required: ['name'],
    };
    const schema = {
      type: 'object',
      properties: {
        ten: { type: 'array', items: text, minItems: 10, maxItems: 10 },
        hundred: { type: 'array', items: { type: 'integer' }, minItems: 100, maxItems: 100 },
        people: { type: 'array', items: person, maxItems: 1000 },
      },
      required: ['ten', 'hundred', 'people'],
    };
    const grammar = grammarOfSchema(schema);
    expect(new Grammar(grammar).made).toBeLessThan(4000);
    for (const value of say(schema, 5) as { ten: unknown[]; hundred: unknown[] }[]) {
      expect([value.ten.length, value.hundred.length]).toEqual([10, 100]);
    }
  });

  it('of properties that may be left out grow with their number', () => {
    const of = (count: number): unknown => ({
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`a property of number ${i}`, { type: 'string', maxLength: 20 }]),
      ),
    });
    const [few, many] = [grammarOfSchema(of(50)).length, grammarOfSchema(of(500)).length];
    expect(many / few).toBeLessThan(15);
    for (const value of say(of(12), 40) as Record<string, string>[]) {
      const numbers = Object.keys(value).map((key) => Number(key.slice(21)));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });

  it('are refused where there is no end of them', () => {
    expect(() => grammarOfSchema({ type: 'string', maxLength: 1e9 })).toThrow(/0 to 1000000/);
    const properties = Object.fromEntries(
      Array.from({ length: 12_000 }, (_, i) => [`p${i}`, { const: 'x'.repeat(10) }]),
    );
    expect(() => grammarOfSchema({ type: 'object', properties })).toThrow(/too large/);
  });
});

describe('numbers', () => {
  it('lie between their ends, open or not', () => {
    const ends = [-120.5, -7, -0.25, 0, 1e-7, 0.1, 0.55, 1, 9.995, 10, 1234.5];
    for (const low of ends) {
      for (const high of ends) {
        for (const [isOpenLow, isOpenHigh] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ] as const) {
          if (high < low || (high === low && (isOpenLow || isOpenHigh))) continue;
          const schema = {
            type: 'number',
            [isOpenLow ? 'exclusiveMinimum' : 'minimum']: low,
            [isOpenHigh ? 'exclusiveMaximum' : 'maximum']: high,
          };
          for (const value of say(schema, 25) as number[]) {
            const isWithin = (isOpenLow ? value > low : value >= low) && (isOpenHigh ? value < high : value <= high);
            expect(isWithin, `${value} in ${JSON.stringify(schema)}`).toBe(true);
          }
        }
      }
    }
    for (const value of say({ type: 'number', exclusiveMinimum: 0 })) expect(value).toBeGreaterThan(0);
    for (const value of say({ type: 'integer', exclusiveMinimum: 0, maximum: 9007199254740991 })) {
      expect(Number.isInteger(value) && (value as number) > 0).toBe(true);
    }
    say({ type: 'number', minimum: -3.4028234663852886e38, maximum: 3.4028234663852886e38 });
    const [zero, one] = [
      { at: 0, isOpen: true },
      { at: 0, isOpen: false },
    ];
    expect(() => decimalNumber(zero, one)).toThrow(RangeError);
  });
});

describe('objects', () => {
  it('that map names to values have the names that are asked for', () => {
    for (const value of say({
      type: 'object',
      propertyNames: { type: 'string' },
      additionalProperties: { type: 'number' },
    })) {
      expect(Object.values(value as object).every((one) => typeof one === 'number')).toBe(true);
    }
    const named = { type: 'object', propertyNames: { enum: ['x', 'y'] }, additionalProperties: { type: 'boolean' } };
    for (const value of say(named)) expect(Object.keys(value as object).every((key) => 'xy'.includes(key))).toBe(true);
    for (const value of say({ ...named, required: ['x', 'y'] }))
      expect(Object.keys(value as object)).toEqual(['x', 'y']);
    const few = { type: 'object', propertyNames: { pattern: '^[a-z]{8}$' }, minProperties: 1, maxProperties: 2 };
    for (const value of say(few)) expect(Object.keys(value as object).join()).toMatch(/^[a-z]{8}(,[a-z]{8})?$/);
  });

  it('that hold at once have the properties of both', () => {
    const part = (name: string) => ({
      ...{ type: 'object', properties: { [name]: { type: 'string' } }, required: [name], additionalProperties: false },
    });
    const schema = { allOf: [part('a'), { $ref: '#/$defs/b' }], $defs: { b: part('b') } };
    for (const value of say(schema, 20)) expect(Object.keys(value as object)).toEqual(['a', 'b']);
    const either = {
      ...{ type: 'object', properties: { a: { type: 'integer', minimum: 1 }, b: { const: 2 } } },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    };
    for (const value of say(either, 40)) expect(Object.keys(value as object).length).toBeGreaterThan(0);
  });
});

describe('references', () => {
  it('may lead back, as far as there is a way out', () => {
    const tree = {
      type: 'object',
      properties: { left: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
      required: ['left'],
    };
    expect(say(tree, 20)).toContainEqual({ left: null });
    const list = {
      $ref: '#/$defs/a~1b%20c',
      $defs: { 'a/b c': { type: 'array', items: { $ref: '#/$defs/a~1b%20c' } } },
    };
    expect(say(list, 20)).toContainEqual([]);
    const chain: Record<string, unknown> = { end: { const: 1 } };
    for (let i = 0; i < 1500; i++)
      chain[`d${i}`] = { type: 'array', items: { $ref: `#/$defs/${i === 0 ? 'end' : `d${i - 1}`}` } };
    expect(() => grammarOfSchema({ $ref: '#/$defs/d1499', $defs: chain })).not.toThrow();
  });

  it('are told of in words where there is none', () => {
    const wrong: [unknown, RegExp][] = [
      [{ $ref: '#' }, /refers to itself/],
      [{ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }, /refers to itself/],
      [{ anyOf: [{ type: 'null' }, { $ref: '#' }] }, /refers to itself/],
      [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, /has no end/],
      [{ type: 'array', items: { $ref: '#' }, minItems: 1 }, /has no end/],
      [{ $ref: '#/$defs/a%', $defs: {} }, /no JSON pointer/],
      [{ $ref: '#/$defs/none' }, /which is not in it/],
      [{ $ref: 'other.json#/a' }, /which is not in it/],
      [{ $ref: 5 }, /needs a text for "\$ref"/],
      [{ type: [] }, /list of types is empty/],
      [{ type: { a: 1 } }, /has the type/],
      [{ type: 'number', exclusiveMinimum: true, minimum: 1 }, /exclusiveMinimum: true/],
    ];
    for (const [schema, message] of wrong) {
      expect(() => grammarOfSchema(schema), JSON.stringify(schema)).toThrow(message);
    }
  });
});
