// One answer, whatever the dialect: its turn in the queue, its model open, the prompt counted before anything is computed, and
// what it rested on told beside it. Not here: how a dialect asks and answers.
import type { Answered, AskOptions, ChatMessage, Completion } from '../index.js';
import { throwIfCancelled } from '../errors.js';
import type { Context } from './context.js';
import type { Opened, Target } from './engine.js';
import { HttpError } from './errors.js';
import type { Exchange } from './exchange.js';
import type { Names } from './names.js';

export interface Asking {
  model: string;
  messages: ChatMessage[];
  options: AskOptions;
  /** Leaves out the oldest turns of what is too long for the context. Default false: it is refused, with figures. */
  shortens?: boolean;
}

export interface AnswerHooks {
  onText?: ((piece: string) => void) | undefined;
  onPlace?: ((place: number) => void) | undefined;
  /** When its turn has come. */
  onStart?: (() => void) | undefined;
}

export interface Answerer {
  context: Context;
  names: Names;
}

/** Throws what the class throws, 404 for the model, 400 `context_length_exceeded`, 503. */
export async function giveAnswer(
  { context, names }: Answerer,
  { caller, signal }: Pick<Exchange, 'caller' | 'signal'>,
  asking: Asking,
  hooks: AnswerHooks = {},
): Promise<Answered> {
  const target = await names.target(asking.model);
  const begun = performance.now();
  return context.answers.run({ caller: caller.id, signal, onPlace: hooks.onPlace }, () =>
    context.engine.use(target, signal, async (opened) => {
      hooks.onStart?.();
      const most = context.options.maxTokens;
      // What has room on another server only that one knows.
      const isElsewhere = context.engine.settings.server !== undefined;
      const maxTokens = isElsewhere ? (asking.options.maxTokens ?? most) : await roomFor(opened, asking, most);
      let isFirst = true;
      const answered = await opened.chat(asking.messages, {
        ...asking.options,
        ...restOn(target, asking),
        maxTokens,
        signal,
        onText: (piece) => {
          if (isFirst) observeFirst(context, begun);
          isFirst = false;
          hooks.onText?.(piece);
        },
      });
      throwIfCancelled(signal);
      countTokens(context, answered);
      return answered;
    }),
  );
}

/** A text continued as it stands, by the base model or an adapter. */
export async function giveContinuation(
  { context, names }: Answerer,
  { caller, signal }: Pick<Exchange, 'caller' | 'signal'>,
  { model, prompt, options }: { model: string; prompt: string | number[]; options: AskOptions },
  hooks: AnswerHooks = {},
): Promise<Completion & { prompt: string }> {
  const target = await names.target(model);
  return context.answers.run({ caller: caller.id, signal, onPlace: hooks.onPlace }, () =>
    context.engine.use(target, signal, async (opened) => {
      hooks.onStart?.();
      const text = typeof prompt === 'string' ? prompt : await opened.textOf(prompt);
      const { adapter } = target;
      const result = await opened.complete(text, { ...options, adapter, signal, onText: hooks.onText });
      throwIfCancelled(signal);
      countTokens(context, result);
      return { ...result, prompt: text };
    }),
  );
}

/** A base model and an adapter answer alone, bit for bit; a brain with its memories and documents, unless the message is about a
 * conversation that it quotes: that is a program's wish for a title or tags, not a question to the memory. */
function restOn({ brain, adapter }: Target, { messages, options }: Asking): Partial<AskOptions> {
  if (adapter !== undefined) return { adapter, memories: false, passages: 0, unknown: 'answer' };
  const isAlone = brain === undefined || quotesConversation(options.about ?? messages.at(-1)?.content ?? '');
  return isAlone
    ? { memories: false, passages: 0, memory: undefined, unknown: 'answer' }
    : { unknown: options.unknown ?? 'answer' };
}

/** Roles as chat programs write them before what was said. */
const PERSON = /^[ \t>*_#-]*(?:user|human)\**[ \t]*:/imu;
const MACHINE = /^[ \t>*_#-]*(?:assistant|ai|model|bot)\**[ \t]*:/imu;

export function quotesConversation(text: string): boolean {
  return /<(chat_history|conversation)>/i.test(text) || (PERSON.test(text) && MACHINE.test(text));
}

/** Tokens that the answer may have. Throws 400 with figures. */
async function roomFor(
  opened: Pick<Opened, 'contextSize' | 'countChat'>,
  { messages, options, shortens = false }: Asking,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  const tools = options.toolChoice === 'none' ? undefined : options.tools;
  const prompt = await opened.countChat(messages, tools);
  const { contextSize } = opened;
  if (prompt >= contextSize && !shortens) {
    throw new HttpError(
      400,
      'invalid_request_error',
      `This model's context has ${contextSize} tokens, and the messages have ${prompt}.`,
      { code: 'context_length_exceeded', param: 'messages' },
    );
  }
  return Math.min(options.maxTokens ?? most, Math.max(contextSize - prompt, Math.ceil(contextSize / 4)));
}

function observeFirst({ metrics }: Context, begun: number): void {
  const seconds = (performance.now() - begun) / 1000;
  metrics.observe('engram_first_token_seconds', 'Time from a request to the first token of its answer.', seconds);
}

function countTokens({ metrics }: Context, of: { promptTokens: number; reusedTokens: number; tokens: number }): void {
  metrics.count('engram_prompt_tokens_total', 'Tokens of prompts.', {}, of.promptTokens);
  metrics.count('engram_reused_tokens_total', 'Tokens of prompts that were not computed again.', {}, of.reusedTokens);
  metrics.count('engram_generated_tokens_total', 'Tokens of answers.', {}, of.tokens);
}

/** What an answer rested on, as it is told beside it in every dialect. */
export function groundsOf(answered: Answered): object {
  const { source, memories, unsure, damaged, passages, confidence, left } = answered;
  return {
    source,
    memories,
    ...(unsure === undefined ? {} : { unsure }),
    ...(damaged === undefined ? {} : { damaged }),
    passages: passages.map(({ id, title, headings, place, page, relevance, score }, i) => ({
      ...{ n: i + 1, id, document: title ?? place, headings, place },
      ...(page === undefined ? {} : { page }),
      score: relevance ?? score,
    })),
    ...(confidence === undefined ? {} : { confidence }),
    ...(left === undefined ? {} : { left }),
  };
}
