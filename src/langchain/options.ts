// The settings of an answer as LangChain's classes take them: some for all calls, some for one. Not here: their meaning and
// defaults (AskOptions).
import type { Answer, AskOptions, Completion } from '../index.js';
import { SAMPLING, type SamplingName } from '../options/index.js';

/** Settings that the classes take by the same name: all of the tables, and what may answer. */
const NAMES = [
  ...(Object.keys(SAMPLING) as SamplingName[]),
  ...(['passages', 'unknown'] as const),
  ...(['overflow', 'adapter', 'memories', 'about'] as const),
];

interface GenerationFields extends Pick<AskOptions, (typeof NAMES)[number]> {
  /** Log-probabilities of the tokens, in the message's or generation's info; a number: of so many likeliest ones too. */
  logprobs?: boolean | number | undefined;
}

/** What is to be set for all calls of an object. */
export interface ModelFields extends GenerationFields {
  /** Generation ends before any of these. `stop` of a call comes to them. */
  stop?: string[] | undefined;
  /** Another name for it, which LangChain's standard parameters have. */
  stopSequences?: string[] | undefined;
}

/** What a call adds. */
export interface CallFields extends GenerationFields {
  stop?: string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** What a call says of generation, else what its object does. Not the signal. */
export function askOptions(fields: ModelFields, call: CallFields): AskOptions {
  const given = NAMES.flatMap((name) => {
    const value = call[name] ?? fields[name];
    return value === undefined ? [] : [[name, value]];
  });
  const logprobs = call.logprobs ?? fields.logprobs;
  const stop = stopOf(fields, call);
  return {
    ...(Object.fromEntries(given) as Partial<AskOptions>),
    ...(logprobs === undefined || logprobs === false ? {} : { logprobs: logprobs === true ? 0 : logprobs }),
    ...(stop.length === 0 ? {} : { stop }),
  };
}

function stopOf(fields: ModelFields, call: CallFields): string[] {
  return [...new Set([...(fields.stop ?? []), ...(fields.stopSequences ?? []), ...(call.stop ?? [])])];
}

/** What was written without the chat template, as an answer. */
export function answerOf({ text, ...generation }: Completion, adapter: string | undefined): Answer {
  return {
    ...generation,
    answer: text,
    source: adapter === undefined ? 'base' : 'weights',
    memories: [],
    passages: [],
  };
}

/** What LangChain keeps beside an answer. */
export function infoOf(answer: Answer): Record<string, unknown> {
  return {
    finish_reason: answer.finishReason,
    source: answer.source,
    memories: answer.memories,
    passages: answer.passages,
    ...(answer.logprobs === undefined ? {} : { logprobs: answer.logprobs }),
  };
}
