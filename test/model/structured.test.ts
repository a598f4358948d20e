// What holds an answer to a form, on the real model: grammars, JSON schemas, and how they end. Not here: how a schema becomes
// a grammar (test/unit/inference/json-schema.test.ts).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator, type ChatMessage, type GenerateOptions, type Generator } from '../../src/inference/index.js';
import { chatModel } from '../support/models.js';

const user = (content: string): ChatMessage => ({ role: 'user', content });
/** Nothing that makes small models say what is asked for: whatever comes must be of the form. */
const WILD: GenerateOptions[] = [
  {},
  { temperature: 1, seed: 1 },
  { temperature: 3, topK: 0, topP: 1, minP: 0, seed: 2 },
];

let generator: Generator;
beforeAll(async () => {
  generator = await loadGenerator(await chatModel(), { contextSize: 512, gpu: false, threads: 1 });
});
afterAll(() => generator.close());

const answer = (question: string, options: GenerateOptions) =>
  generator.chat([user(question)], { maxTokens: 120, ...options });

describe('a grammar', () => {
  it('makes every answer one of its sentences, at any temperature, and ends it', async () => {
    const grammar = 'root ::= ("yes" | "no") ", " name "!"\nname ::= [A-Z] [a-zé]{2,6}';
    for (const options of WILD) {
      const { text, finishReason } = await answer('Tell me a long story about the sea.', { ...options, grammar });
      expect(text).toMatch(/^(?:yes|no), [A-Z][a-zé]{2,6}!$/u);
      expect(finishReason).toBe('stop');
    }
  });

  it('holds for characters of several tokens', async () => {
    const { text } = await answer('Hello?', { grammar: 'root ::= "ÄÖ 漢字 😀" [αβγ]{3}', temperature: 1, seed: 3 });
    expect(text).toMatch(/^ÄÖ 漢字 😀[αβγ]{3}$/u);
  });

  it('is refused if it is none, and the next answer works', async () => {
    const broken = [
      '',
      'root ::= (',
      'start ::= "a"',
      'root ::= missing',
      'root ::= root "a"',
      `root ::= ${'('.repeat(9999)}`,
    ];
    for (const grammar of broken) {
      await expect(answer('Hi', { grammar }), grammar).rejects.toMatchObject({ code: 'usage' });
    }
    expect((await answer('Hi', { grammar: 'root ::= "fine"' })).text).toBe('fine');
  });

  it('that allows nothing is refused when that shows; one that allows only nothing is an empty answer', async () => {
    await expect(answer('Hi', { grammar: 'root ::= [^\\x00-\\U0010FFFF]' })).rejects.toMatchObject({ code: 'usage' });
    expect(await answer('Hi', { grammar: 'root ::= ""' })).toMatchObject({ text: '', finishReason: 'stop' });
    expect((await answer('Hi', { maxTokens: 2 })).tokens).toBe(2);
  });

  it('may be cut off by the most tokens or cancelled, like any answer', async () => {
    const grammar = 'root ::= [a-z ]{60} "."';
    expect(await answer('Hi', { grammar, maxTokens: 4 })).toMatchObject({ tokens: 4, finishReason: 'length' });
    const abort = new AbortController();
    const onText = () => {
      abort.abort();
    };
    expect((await answer('Hi', { grammar, signal: abort.signal, onText })).finishReason).toBe('cancelled');
  });
});

describe('a JSON schema', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 20 },
      kind: { enum: ['cat', 'dog', 'bird'] },
      age: { type: 'integer', minimum: 1, maximum: 30 },
      weight: { type: 'number', minimum: 0 },
      born: { type: 'string', format: 'date' },
      friends: { type: 'array', items: { $ref: '#/$defs/friend' }, minItems: 1, maxItems: 2 },
      note: { anyOf: [{ type: 'string', maxLength: 10 }, { type: 'null' }] },
    },
    required: ['name', 'kind', 'age', 'born', 'friends'],
    $defs: {
      friend: {
        type: 'object',
        properties: { name: { type: 'string', maxLength: 10 }, close: { type: 'boolean' } },
        required: ['name', 'close'],
        additionalProperties: false,
      },
    },
  };

  it('makes every answer JSON that conforms, at any temperature', async () => {
    for (const options of WILD) {
      const { text, finishReason } = await answer('Describe a pet as JSON.', {
        ...options,
        jsonSchema: schema,
        maxTokens: 250,
      });
      expect(finishReason).toBe('stop');
      const pet = JSON.parse(text) as Record<string, unknown>;
      expect(pet).toMatchObject({
        name: expect.stringMatching(/^.{1,20}$/su) as string,
        kind: expect.stringMatching(/^(?:cat|dog|bird)$/) as string,
        born: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
      });
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(pet)));
      expect(Number.isInteger(pet['age']) && Number(pet['age']) >= 1 && Number(pet['age']) <= 30).toBe(true);
      if ('weight' in pet) expect(pet['weight']).toBeGreaterThanOrEqual(0);
      const friends = pet['friends'] as object[];
      expect([1, 2]).toContain(friends.length);
      for (const friend of friends) {
        expect(friend).toEqual({ name: expect.any(String) as string, close: expect.any(Boolean) as boolean });
      }
    }
  });

  it('gives values of every other kind too', async () => {
    const cases: [object, (value: unknown) => boolean][] = [
      [{ const: 'ready' }, (value) => value === 'ready'],
      [{ enum: [1, 'two', null, { three: [3] }] }, (value) => value !== undefined],
      [{ type: 'null' }, (value) => value === null],
      [{ type: 'boolean' }, (value) => typeof value === 'boolean'],
      [{ type: 'integer', minimum: -20, maximum: -5 }, (value) => Number(value) >= -20 && Number(value) <= -5],
      [{ type: 'string', format: 'date-time' }, (value) => !Number.isNaN(Date.parse(String(value)))],
      [
        { type: 'array', prefixItems: [{ type: 'boolean' }, { type: 'integer' }], items: false },
        (value) => (value as unknown[]).length === 2,
      ],
      [{ type: 'object', properties: {} }, (value) => JSON.stringify(value) === '{}'],
      [
        { $ref: '#/definitions/x', definitions: { x: { oneOf: [{ const: 7 }, { const: 8 }] } } },
        (value) => value === 7 || value === 8,
      ],
    ];
    for (const [jsonSchema, holds] of cases) {
      const { text, finishReason } = await answer('Any value?', { jsonSchema, temperature: 1, seed: 5 });
      expect(finishReason, JSON.stringify(jsonSchema)).toBe('stop');
      expect(holds(JSON.parse(text)), `${text} for ${JSON.stringify(jsonSchema)}`).toBe(true);
    }
  });

  it('that is cut off ends with `length`', async () => {
    const jsonSchema = { type: 'array', items: { type: 'string', minLength: 10 }, minItems: 5 };
    const { text, finishReason } = await answer('A list.', { jsonSchema, maxTokens: 8 });
    expect(finishReason).toBe('length');
    expect(text.startsWith('["')).toBe(true);
  });

  it('is refused with what is wrong with it, also beside a grammar', async () => {
    const wrong = answer('Hi', { jsonSchema: { type: 'string', pattern: '(?<=a)b' } });
    await expect(wrong).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('pattern') as string });
    await expect(answer('Hi', { jsonSchema: {}, grammar: 'root ::= "a"' })).rejects.toMatchObject({ code: 'usage' });
  });
});
