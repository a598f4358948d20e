// Parts of schemas that all dialects share. Not here: the schemas of requests.
import { z } from 'zod';

/** A list that is counted before anything in it is looked at: a million faulty texts would make a million complaints. */
export function listOf<T extends z.ZodType>(item: T, most: number, least = 0) {
  const expected = `expected a list of ${least} to ${most}`;
  const counted = z.custom<unknown[]>(
    (value) => Array.isArray(value) && value.length >= least && value.length <= most,
    { error: expected },
  );
  LISTS.set(counted, { item, most, least });
  return counted.pipe(z.array(item));
}

const LISTS = new WeakMap<object, { item: z.ZodType; most: number; least: number }>();

/** A schema as JSON Schema, lists that are counted too. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  return z.toJSONSchema(schema, {
    ...{ io, unrepresentable: 'any' },
    override: ({ zodSchema, jsonSchema }) => {
      const list = LISTS.get(zodSchema);
      if (list === undefined) return;
      const items = jsonSchemaOf(list.item, io) as { $schema?: string };
      delete items.$schema; // stands at the top alone
      Object.assign(jsonSchema, { type: 'array', minItems: list.least, maxItems: list.most, items });
    },
  });
}

export const whole = (least: number, most: number) => z.number().int().min(least).max(most);

export const MODEL = z.string().min(1).max(256);
