// How a conversation is answered by a model on a server: the gate here says which memory answers, the documents here give passages, and
// both go into the prompt as text, since no weights of ours run there. Not here: the server (inference/elsewhere.ts), answers by the
// model here (answering.ts).
import { generationOf, NOTHING, type Answered, type Answering } from './answering.js';
import type { AnswerMemory } from '../brain/index.js';
import { defined } from '../defined.js';
import type { AskOptions } from './options.js';
import { AbortError, EngramError } from '../errors.js';
import { isPersonal, sourceOf, UNKNOWN, type GateMatch } from '../gate/index.js';
import type { ChatMessage, Elsewhere } from '../inference/index.js';
import { fallbackOf, GROUNDING } from '../options/index.js';
import { withPassages } from '../retrieval/index.js';

/** Answers the last message. `adapter` in the options is a name that the server knows. Throws what the server throws, and
 * `not_found` for a memory that is not there. */
export async function answerElsewhere(
  server: Elsewhere,
  { memory, retrieval }: Pick<Answering, 'memory' | 'retrieval'>,
  messages: readonly ChatMessage[],
  options: AskOptions,
): Promise<Answered> {
  const { about, adapter, memories = true, signal } = options;
  const { passages: most = fallbackOf(GROUNDING.passages), unknown = fallbackOf(GROUNDING.unknown) } = options;
  const last = messages.at(-1);
  const asked: readonly ChatMessage[] = about === undefined ? messages : [{ role: 'user', content: about }];
  const isAsked = last?.role === 'user' && last.content.trim() !== '';
  const { found, personal } = memories ? await touched(memory, asked, options) : { found: [], personal: undefined };
  const told = found.map(({ id, score }): AnswerMemory => {
    const { text, createdAt } = memory!.brain.get(id)!;
    return { id, score, text, told: createdAt };
  });
  const passages = isAsked ? await retrieval.relevant(about ?? last.content, { most, signal }) : [];
  const isFree = [options.jsonSchema, options.tools].every((form) => form === undefined);
  const isGrounded = told.length + passages.length > 0 || sourceOf(messages, { adapters: [], passages }) === 'context';
  if (unknown === 'say' && isFree && !isGrounded && isPersonal(personal)) {
    options.onText?.(UNKNOWN);
    return { ...NOTHING, answer: UNKNOWN, source: 'unknown', memories: [], passages: [] };
  }
  const result = await server.chat(isAsked ? grounded(messages, told, passages) : messages, {
    ...defined(generationOf(options)),
    ...defined({ adapter }),
  });
  const [read] = passages;
  if (result.finishReason === 'cancelled') throw new AbortError(result.text.trim(), { cause: signal?.reason });
  if (read !== undefined) await retrieval.noteUse(asked.at(-1)?.content ?? '', read);
  const { text, toolCalls, cutToolCall, thinking, logprobs, promptTokens, reusedTokens, tokens, seconds } = result;
  const isJson = options.jsonSchema !== undefined && result.finishReason === 'stop';
  return {
    answer: text.trim(),
    ...(isJson ? { json: parsed(text, server.address) } : {}),
    source:
      passages.length > 0 ? 'retrieval' : told.length > 0 ? 'memory' : sourceOf(messages, { adapters: [], passages }),
    memories: told,
    passages,
    ...{ promptTokens, reusedTokens, tokens, seconds, finishReason: result.finishReason },
    ...defined({ thinking, toolCalls, cutToolCall, logprobs }),
  };
}

/** The memory that answers by the gate; one whose adapter is damaged too, since only its text is needed. */
async function touched(
  memory: Answering['memory'],
  asked: readonly ChatMessage[],
  { memory: only, signal }: AskOptions,
): Promise<{ found: GateMatch[]; personal: number | undefined }> {
  if (only !== undefined) {
    if (memory === undefined) throw new EngramError('not_found', 'Nothing has been memorized yet.');
    return { found: [{ id: memory.brain.held(only).id, score: 1 }], personal: undefined };
  }
  const route = await memory?.router.route(asked, undefined, signal);
  return { found: route?.damaged === undefined ? (route?.matches ?? []) : [route.damaged], personal: route?.personal };
}

/** Memories stand before passages, which keep their numbers: answers cite them. */
function grounded(
  messages: readonly ChatMessage[],
  told: readonly AnswerMemory[],
  passages: Parameters<typeof withPassages>[1],
): readonly ChatMessage[] {
  if (told.length + passages.length === 0) return messages;
  const { content } = messages.at(-1)!;
  const notes = told.map(({ text }) => text).join('\n');
  const turn =
    passages.length > 0
      ? `${notes === '' ? '' : `Told before: ${notes}\n\n`}${withPassages(content, passages)}`
      : `${notes}\n\nAnswer from the text above: ${content}`;
  return [...messages.slice(0, -1), { role: 'user', content: turn }];
}

function parsed(text: string, address: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new EngramError('unsupported', `The server ${address} did not keep to the schema: ${text.slice(0, 80)}`, {
      hint: 'It may not know response_format; a model here does.',
      cause: error,
    });
  }
}
