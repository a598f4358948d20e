// An answer of the chat completions API as it comes, put together: text, thoughts, calls of tools, probabilities. Not here: the
// connection (elsewhere.ts).
import { isObject } from '../is-object.js';
import type { CutToolCall, GenerateOptions, Generation, TokenLogprob, ToolCall } from './types.js';

type Fields = Record<string, unknown>;

export interface Reading {
  finish: Generation['finishReason'] | undefined;
  take: (choice: Fields) => void;
  usage: (usage: Fields) => void;
  generation: () => Generation;
}

/** The one choice of a piece; the last piece, which counts tokens, has none. */
export function choiceOf({ choices }: Fields): Fields | undefined {
  const [first] = Array.isArray(choices) ? (choices as unknown[]) : [];
  return isObject(first) ? first : undefined;
}

/** `started`: by performance.now(). */
export function newReading(
  started: number,
  options: Pick<GenerateOptions, 'onText' | 'onThinking' | 'logprobs'>,
): Reading {
  let [text, thoughts] = ['', ''];
  let firstAt: number | undefined;
  let [promptTokens, reusedTokens, tokens, pieces] = [0, 0, 0, 0];
  const calls: { id: string; name: string; text: string }[] = [];
  const logprobs: NonNullable<Generation['logprobs']> = [];
  const reading: Reading = {
    finish: undefined,
    take: (choice) => {
      const delta = fieldsOf(choice['delta']);
      const [said, thought] = [
        textOf(delta['content']),
        textOf(delta['reasoning_content']) || textOf(delta['reasoning']),
      ];
      if (said !== '' || thought !== '' || Array.isArray(delta['tool_calls'])) {
        firstAt ??= performance.now();
        pieces++;
      }
      text += said;
      thoughts += thought;
      if (said !== '') options.onText?.(said);
      if (thought !== '') options.onThinking?.(thought);
      for (const piece of listOf(delta['tool_calls'])) takeCall(calls, piece);
      if (options.logprobs !== undefined) {
        for (const one of listOf(fieldsOf(choice['logprobs'])['content'])) {
          logprobs.push({ ...logprobOf(one), likeliest: listOf(one['top_logprobs']).map(logprobOf) });
        }
      }
      const reason = choice['finish_reason'];
      if (typeof reason === 'string') reading.finish = reason === 'length' ? 'length' : 'stop';
    },
    usage: (usage) => {
      promptTokens = Number(usage['prompt_tokens'] ?? 0);
      tokens = Number(usage['completion_tokens'] ?? 0);
      reusedTokens = Number(fieldsOf(usage['prompt_tokens_details'])['cached_tokens'] ?? 0);
    },
    generation: () => {
      const [whole, cut] = callsOf(calls);
      return {
        text,
        ...(thoughts === '' ? {} : { thinking: thoughts.trim() }),
        ...(whole.length === 0 ? {} : { toolCalls: whole }),
        ...(cut === undefined ? {} : { cutToolCall: cut }),
        ...{
          promptTokens,
          reusedTokens,
          tokens: tokens || pieces,
          finishReason: reading.finish ?? 'stop',
          guessedTokens: 0,
        },
        ...(options.logprobs === undefined ? {} : { logprobs }),
        firstTokenSeconds: ((firstAt ?? performance.now()) - started) / 1000,
        seconds: (performance.now() - started) / 1000,
      };
    },
  };
  return reading;
}

/** A call comes in pieces, each of which says which call it is of. */
function takeCall(calls: { id: string; name: string; text: string }[], piece: Fields): void {
  const at = Number(piece['index'] ?? 0);
  const call = (calls[at] ??= { id: '', name: '', text: '' });
  const named = fieldsOf(piece['function']);
  call.id ||= textOf(piece['id']);
  call.name ||= textOf(named['name']);
  call.text += textOf(named['arguments']);
}

/** Those that are whole, and the one that the answer ended in. */
function callsOf(calls: readonly { id: string; name: string; text: string }[]): [ToolCall[], CutToolCall | undefined] {
  const whole: ToolCall[] = [];
  for (const { id, name, text } of calls) {
    try {
      const given: unknown = JSON.parse(text === '' ? '{}' : text);
      if (!isObject(given)) throw new SyntaxError('no object');
      whole.push({ id, name, arguments: given });
    } catch {
      return [whole, { ...(name === '' ? {} : { name }), arguments: text }];
    }
  }
  return [whole, undefined];
}

/** The API tells no ids. */
function logprobOf(one: Fields): TokenLogprob {
  return { token: -1, text: textOf(one['token']), logprob: Number(one['logprob']) };
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
