// An answer as a value: a chat model that is held to a schema, then the reading of what it wrote. Not here: what schemas a
// grammar can hold (inference).
import type { BaseLanguageModelInput, StructuredOutputMethodOptions } from '@langchain/core/language_models/base';
import type { AIMessageChunk } from '@langchain/core/messages';
import { OutputParserException } from '@langchain/core/output_parsers';
import { RunnableLambda, RunnablePassthrough, RunnableSequence, type Runnable } from '@langchain/core/runnables';
import { toJsonSchema } from '@langchain/core/utils/json_schema';
import { EngramError } from '../index.js';

/** What of a chat model is used. */
interface FormedModel {
  bindTools(tools: object[], kwargs: { tool_choice: string }): Runnable<BaseLanguageModelInput, AIMessageChunk>;
  withConfig(config: { jsonSchema: object }): Runnable<BaseLanguageModelInput, AIMessageChunk>;
}

/** The part of the standard schema interface that is used (zod and others have it). */
interface Validates {
  '~standard': {
    validate(value: unknown): StandardResult | Promise<StandardResult>;
  };
}
interface StandardResult {
  value?: unknown;
  issues?: readonly { message: string }[] | undefined;
}

export function structured<T extends Record<string, unknown>>(
  model: FormedModel,
  schema: object,
  { method = 'jsonSchema', name, includeRaw = false }: StructuredOutputMethodOptions<boolean> = {},
): Runnable<BaseLanguageModelInput, T> {
  const { name: titled, parameters, ...plain } = toJsonSchema(schema as never) as Record<string, unknown>;
  // Also OpenAI's shape: {name, description, parameters}.
  const isFunction = typeof titled === 'string' && typeof parameters === 'object' && parameters !== null;
  const jsonSchema = isFunction ? parameters : toJsonSchema(schema as never);
  const called = name ?? (isFunction ? titled : 'extract');
  const validate = '~standard' in schema ? (schema as Validates) : undefined;
  if (method === 'functionCalling') {
    const description = typeof plain['description'] === 'string' ? plain['description'] : 'The form of the answer.';
    const tool = { type: 'function', function: { name: called, description, parameters: jsonSchema } };
    return assemble(model.bindTools([tool], { tool_choice: called }), includeRaw, (message) =>
      checked(message.tool_calls?.[0]?.args, message, validate),
    );
  }
  if (method !== 'jsonSchema' && method !== 'jsonMode') {
    throw new EngramError('usage', `Expected jsonSchema or functionCalling for method but received ${method}.`);
  }
  return assemble(model.withConfig({ jsonSchema }), includeRaw, (message) =>
    checked(parsed(message.text), message, validate),
  );
}

function assemble<T extends Record<string, unknown>>(
  model: Runnable<BaseLanguageModelInput, AIMessageChunk>,
  includeRaw: boolean,
  read: (message: AIMessageChunk) => Promise<unknown>,
): Runnable<BaseLanguageModelInput, T> {
  const reader = RunnableLambda.from((message: AIMessageChunk) => read(message) as Promise<T>);
  if (!includeRaw) return model.pipe(reader).withConfig({ runName: 'StructuredOutput' });
  const both = RunnablePassthrough.assign({
    parsed: RunnableLambda.from(({ raw }: { raw: AIMessageChunk }) => read(raw).catch(() => null)),
  });
  return RunnableSequence.from([{ raw: model }, both]) as unknown as Runnable<BaseLanguageModelInput, T>;
}

async function checked(value: unknown, message: AIMessageChunk, schema: Validates | undefined): Promise<unknown> {
  if (value === undefined) {
    const isCut = message.response_metadata['finish_reason'] === 'length';
    const why = isCut ? 'The answer was cut off before it was whole: allow more maxTokens.' : 'The answer is no JSON.';
    throw new OutputParserException(why, message.text);
  }
  const result = await schema?.['~standard'].validate(value);
  if (result?.issues !== undefined) {
    throw new OutputParserException(result.issues.map((issue) => issue.message).join('; '), message.text);
  }
  return result === undefined ? value : result.value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
