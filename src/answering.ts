// How a conversation is answered: by the weights of a memory that it touches, from passages of documents, or by the model
// alone; and what the answer says it rests on. Not here: which memory a question touches (gate/router.ts), what counts as
// known (gate/grounds.ts).
import { defined } from './defined.js';
import type { AskOptions } from './engram-options.js';
import { EngramError } from './errors.js';
import type { ChatMessage, GenerateOptions, Generator } from './inference/index.js';
import type { Answer, AnswerMemory, Brain } from './brain/index.js';
import {
  BEGINNING,
  confidenceOf,
  holds,
  isPersonal,
  sourceOf,
  UNKNOWN,
  type Route,
  type Router,
} from './gate/index.js';
import { withPassages, type FoundPassage, type Retrieval } from './retrieval/index.js';

export interface Answering {
  generator: Generator;
  retrieval: Retrieval;
  /** None until something is memorized. */
  memory: { brain: Brain; router: Router } | undefined;
  /** Of a named adapter; none without a name. */
  adaptersOf: (name: string | undefined) => Promise<{ path: string }[]>;
}

/** Passages that are put before the model unless told: more make a small model lose the one that counts (docs/retrieval.md). */
export const MOST_PASSAGES = 3;

/** Where no memory is touched. */
const NO_ROUTE: Route = { adapters: [], matches: [] };

/** Of an answer that nothing was computed for. */
export const NOTHING = { promptTokens: 0, reusedTokens: 0, tokens: 0, seconds: 0, finishReason: 'stop' as const };

/** An answer, and what the model thought before it, where it was to think. */
export type Answered = Answer & { thinking?: string };

/** Throws `usage`. */
export function checkAskOptions({ passages: mostPassages = MOST_PASSAGES, unknown = 'say' }: AskOptions): void {
  if (!(Number.isFinite(mostPassages) && mostPassages >= 0 && mostPassages <= 20)) {
    throw new EngramError('usage', `Expected a number from 0 to 20 for passages but received ${mostPassages}.`);
  }
  if (!['say', 'answer'].includes(unknown)) {
    throw new EngramError('usage', `Expected say or answer for unknown but received ${unknown}.`);
  }
}

/** What of the options is not the generator's. */
const OURS: ReadonlySet<string> = new Set<keyof AskOptions>([
  'adapter',
  'about',
  'memory',
  'memories',
  'passages',
  'unknown',
]);

/** What of the options is the generator's. */
export function generationOf(options: AskOptions): Omit<GenerateOptions, 'adapters' | 'adaptersFrom'> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !OURS.has(name)));
}

/** Answers the last message. Throws what the generator throws, `not_found` for an adapter or a memory that is not there. */
export async function answer(
  parts: Answering,
  messages: readonly ChatMessage[],
  options: AskOptions,
): Promise<Answered> {
  const { generator, memory } = parts;
  const {
    adapter,
    about,
    memory: only,
    memories = true,
    passages: mostPassages = MOST_PASSAGES,
    unknown = 'say',
  } = options;
  const asked: readonly ChatMessage[] = about === undefined ? messages : [{ role: 'user', content: about }];
  const route = async (): Promise<Route> => {
    if (adapter !== undefined) return { adapters: await parts.adaptersOf(adapter), matches: [] };
    if (!memories) return NO_ROUTE;
    if (only !== undefined) return routeTo(only, memory?.brain);
    return (await memory?.router.route(asked, undefined, options.signal)) ?? NO_ROUTE;
  };
  const first = await route();
  let { adapters, adaptersFrom, opening, matches } = isShaped(options) ? { ...first, opening: undefined } : first;
  const nameOf = ({ id, score }: Route['matches'][number]): AnswerMemory => {
    const held = memory?.brain.get(id);
    return { id, score, text: held?.text ?? '', ...defined({ told: held?.createdAt }) };
  };
  const named = () => matches.map(nameOf);
  let { prompt, passages } = await ground(parts, messages, mostPassages, options);
  let unsure: Answer['unsure'];
  if (passages.length > 0 && matches.length > 0) {
    const [best] = matches;
    const uses = defined({ adapters, adaptersFrom, signal: options.signal });
    const confidence = await confidenceIn(generator, messages, uses);
    // What was learned needs no document beside it, as far as it was learned.
    if (holds(memory?.brain.get(best!.id), confidence)) [prompt, passages] = [messages, []];
    else {
      unsure = named();
      ({ adapters, adaptersFrom, opening, matches } = NO_ROUTE);
    }
  }
  const source = sourceOf(messages, { adapters, passages });
  const damage = first.damaged === undefined ? {} : { damaged: nameOf(first.damaged) };
  if (unknown === 'say' && source === 'base' && !isShaped(options) && isPersonal(first.personal)) {
    options.onText?.(UNKNOWN);
    return { ...NOTHING, answer: UNKNOWN, source: 'unknown', memories: [], ...damage, passages: [] };
  }
  const logprobs = options.logprobs ?? (matches.length > 0 ? 0 : undefined);
  const generate = () =>
    generator.chat(prompt, {
      ...defined({ ...generationOf(options), adaptersFrom, logprobs }),
      adapters,
    });
  // What the judge has decided is said before what the memory tells.
  const decided = opening === undefined ? '' : `${opening}${/\p{Script=Latin}/u.test(opening) ? '. ' : '。'}`;
  if (decided !== '') options.onText?.(decided);
  const result = await generate().catch(async (error: unknown) => {
    // Another process may have forgotten the memory in between: then it is no longer what answers.
    const isGone = error instanceof EngramError && error.code === 'not_found' && matches.length > 0;
    if (!isGone) throw error;
    ({ adapters, adaptersFrom, opening, matches } = await route());
    return generate();
  });
  const confidence = matches.length > 0 ? confidenceOf(result.logprobs) : undefined;
  const [read] = passages; // the one that is most about the question
  if (read !== undefined && result.finishReason !== 'cancelled') {
    await parts.retrieval.noteUse(asked.at(-1)?.content ?? '', read);
  }
  const isJson = options.jsonSchema !== undefined && result.finishReason === 'stop';
  return {
    answer: `${decided}${result.text.trim()}`,
    ...(result.thinking === undefined ? {} : { thinking: result.thinking }),
    ...(isJson ? { json: JSON.parse(result.text.slice(options.opening?.length ?? 0)) as unknown } : {}),
    source: sourceOf(messages, { adapters, passages }),
    memories: named(),
    ...(unsure === undefined ? {} : { unsure }),
    ...damage,
    ...(confidence === undefined ? {} : { confidence }),
    passages,
    promptTokens: result.promptTokens,
    reusedTokens: result.reusedTokens,
    tokens: result.tokens,
    seconds: result.seconds,
    finishReason: result.finishReason,
    ...(result.left === undefined ? {} : { left: result.left }),
    ...(result.toolCalls === undefined ? {} : { toolCalls: result.toolCalls }),
    ...(result.cutToolCall === undefined ? {} : { cutToolCall: result.cutToolCall }),
    ...(options.logprobs === undefined || result.logprobs === undefined ? {} : { logprobs: result.logprobs }),
  };
}

async function routeTo(id: string, brain: Brain | undefined): Promise<Route> {
  if (brain === undefined) throw new EngramError('not_found', 'Nothing has been memorized yet.');
  return { adapters: [{ path: await brain.adapterFile(id) }], adaptersFrom: 'answer', matches: [{ id, score: 1 }] };
}

/** How surely an answer begins: not at all, if its adapter was forgotten meanwhile. */
async function confidenceIn(
  generator: Generator,
  messages: readonly ChatMessage[],
  uses: Pick<GenerateOptions, 'adapters' | 'adaptersFrom' | 'signal'>,
): Promise<number | undefined> {
  try {
    const { logprobs } = await generator.chat(messages, { ...uses, maxTokens: BEGINNING, logprobs: 0 });
    return confidenceOf(logprobs);
  } catch (error) {
    if (error instanceof EngramError && error.code === 'not_found') return 0;
    throw error;
  }
}

/** The form of the answer is given, or how it begins. */
function isShaped({ grammar, jsonSchema, tools, opening }: AskOptions): boolean {
  return [grammar, jsonSchema, tools, opening].some((option) => option !== undefined);
}

/** The conversation with passages about its last question before that question, as many as leave room; unchanged where
 * there are none. */
async function ground(
  { generator, retrieval }: Answering,
  messages: readonly ChatMessage[],
  most: number,
  { maxTokens = 512, about, signal }: AskOptions,
): Promise<{ prompt: readonly ChatMessage[]; passages: FoundPassage[] }> {
  const last = messages.at(-1);
  if (last?.role !== 'user' || last.content.trim() === '') return { prompt: messages, passages: [] };
  const passages = await retrieval.relevant(about ?? last.content, { most, signal });
  const { contextSize } = generator;
  const room = contextSize - Math.min(maxTokens, Math.floor(contextSize / 4));
  for (; passages.length > 0; passages.pop()) {
    const turn: ChatMessage = { role: 'user', content: withPassages(last.content, passages) };
    // Older turns are left out for it, but of them half the context is kept.
    const tokens = generator.encodeChat([turn]).length;
    if (tokens <= (messages.length > 1 ? room / 2 : room)) {
      return { prompt: [...messages.slice(0, -1), turn], passages };
    }
  }
  return { prompt: messages, passages };
}
