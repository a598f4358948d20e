// How a conversation is answered: by the weights of a memory that it touches, from passages of documents, or by the model
// alone; and what the answer says it rests on. Not here: which memory a question touches (gate/router.ts), what counts as
// known (gate/grounds.ts), tools that are run (tool-loop.ts).
import type { Answer, AnswerMemory, Brain } from '../brain/index.js';
import { defined } from '../defined.js';
import { AbortError, EngramError } from '../errors.js';
import {
  BEGINNING,
  confidenceOf,
  holds,
  isPersonal,
  sourceOf,
  UNKNOWN,
  type Route,
  type Router,
} from '../gate/index.js';
import type { ChatMessage, GenerateOptions, Generation, Generator } from '../inference/index.js';
import { check, fallbackOf, GROUNDING, SAMPLING, type Option } from '../options/index.js';
import { withPassages, type FoundPassage, type Retrieval } from '../retrieval/index.js';
import type { AskOptions } from './options.js';
import { withoutExecute, type ToolResult } from './tools.js';

export interface Answering {
  generator: Generator;
  retrieval: Retrieval;
  /** None until something is memorized. */
  memory: { brain: Brain; router: Router } | undefined;
  /** Of a named adapter; none without a name. */
  adaptersOf: (name: string | undefined) => Promise<{ path: string }[]>;
}

/** Where no memory is touched. */
const NO_ROUTE: Route = { adapters: [], matches: [] };

/** Of an answer that nothing was computed for. */
export const NOTHING = { promptTokens: 0, reusedTokens: 0, tokens: 0, seconds: 0, finishReason: 'stop' as const };

/** An answer, with what the model thought before it, and what the tools gave that it called on the way. */
export type Answered = Answer & { thinking?: string; toolResults?: ToolResult[] };

/** Throws `usage`. */
export function checkAskOptions({ passages, unknown, maxToolRounds }: AskOptions): void {
  for (const [name, value] of Object.entries({ passages, unknown, maxToolRounds })) {
    const option: Option = GROUNDING[name as keyof typeof GROUNDING];
    if (value !== undefined) check(name, option, value);
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
  'tools',
  'maxToolRounds',
  'onToolCall',
  'onToolResult',
]);

/** What of the options is the generator's. */
export function generationOf(options: AskOptions): Omit<GenerateOptions, 'adapters' | 'adaptersFrom'> {
  const own = Object.entries(options).filter(([name, value]) => !OURS.has(name) && value !== undefined);
  const { tools } = options;
  return { ...Object.fromEntries(own), ...(tools === undefined ? {} : { tools: withoutExecute(tools) }) };
}

/** What an answer is made from. */
interface Grounds {
  route: Route;
  /** The conversation, with passages where there are any. */
  prompt: readonly ChatMessage[];
  passages: FoundPassage[];
  /** What the question touches but does not hold surely enough. */
  unsure: Route['matches'];
}

/** Answers the last message. Throws what the generator throws, `not_found` for an adapter or a memory that is not there, an
 * AbortError with what was said by then. */
export async function answer(
  parts: Answering,
  messages: readonly ChatMessage[],
  options: AskOptions,
): Promise<Answered> {
  const first = await routeOf(parts, messages, options);
  let grounds = await groundsOf(parts, messages, first, options);
  if (isUnknown(grounds, messages, first, options)) {
    options.onText?.(UNKNOWN);
    const damage = damageOf(parts, first);
    return { ...NOTHING, answer: UNKNOWN, source: 'unknown', memories: [], ...damage, passages: [] };
  }
  // What the judge has decided is said before what the memory tells.
  const decided = decisionOf(grounds.route.opening);
  if (decided !== '') options.onText?.(decided);
  const result = await generate(parts, grounds, options).catch(async (error: unknown) => {
    // Another process may have forgotten the memory in between: then it is no longer what answers.
    const isGone = error instanceof EngramError && error.code === 'not_found' && grounds.route.matches.length > 0;
    if (!isGone) throw error;
    grounds = { ...grounds, route: unshaped(await routeOf(parts, messages, options), options) };
    return generate(parts, grounds, options);
  });
  const said = `${decided}${result.text.trim()}`;
  if (result.finishReason === 'cancelled') throw new AbortError(said, { cause: options.signal?.reason });
  const [read] = grounds.passages; // the one that is most about the question
  if (read !== undefined) await parts.retrieval.noteUse(askedOf(messages, options).at(-1)?.content ?? '', read);
  return {
    ...attributionOf(parts, messages, grounds, result),
    ...damageOf(parts, first),
    ...textOf(said, result, options),
  };
}

/** What memories and passages are looked for by. */
function askedOf(messages: readonly ChatMessage[], { about }: AskOptions): readonly ChatMessage[] {
  return about === undefined ? messages : [{ role: 'user', content: about }];
}

async function routeOf(parts: Answering, messages: readonly ChatMessage[], options: AskOptions): Promise<Route> {
  const { adapter, memory: only, memories = true, signal } = options;
  const { memory } = parts;
  if (adapter !== undefined) return { adapters: await parts.adaptersOf(adapter), matches: [] };
  if (!memories) return NO_ROUTE;
  if (only !== undefined) return routeTo(only, memory?.brain);
  return (await memory?.router.route(askedOf(messages, options), undefined, signal)) ?? NO_ROUTE;
}

/** Weights or passages: what was learned needs no document beside it, as far as it was learned. */
async function groundsOf(
  parts: Answering,
  messages: readonly ChatMessage[],
  first: Route,
  options: AskOptions,
): Promise<Grounds> {
  const route = unshaped(first, options);
  const { passages: most = fallbackOf(GROUNDING.passages) } = options;
  const { prompt, passages } = await ground(parts, messages, most, options);
  const [best] = route.matches;
  if (passages.length === 0 || best === undefined) return { route, prompt, passages, unsure: [] };
  const uses = defined({ adapters: route.adapters, adaptersFrom: route.adaptersFrom, signal: options.signal });
  const confidence = await confidenceIn(parts.generator, messages, uses);
  if (holds(parts.memory?.brain.get(best.id), confidence)) return { route, prompt: messages, passages: [], unsure: [] };
  return { route: NO_ROUTE, prompt, passages, unsure: route.matches };
}

/** What a judge says first has no place in an answer whose form is given. */
function unshaped(route: Route, options: AskOptions): Route {
  if (!isShaped(options)) return route;
  const rest = { ...route };
  delete rest.opening;
  return rest;
}

/** Only the person could tell, and nobody told. */
function isUnknown(
  { route, passages }: Grounds,
  messages: readonly ChatMessage[],
  first: Route,
  options: AskOptions,
): boolean {
  const { unknown = fallbackOf(GROUNDING.unknown) } = options;
  const source = sourceOf(messages, { adapters: route.adapters, passages });
  return unknown === 'say' && source === 'base' && !isShaped(options) && isPersonal(first.personal);
}

function decisionOf(opening: string | undefined): string {
  if (opening === undefined) return '';
  return `${opening}${/\p{Script=Latin}/u.test(opening) ? '. ' : '。'}`;
}

function generate({ generator }: Answering, { route, prompt }: Grounds, options: AskOptions): Promise<Generation> {
  const { adapters, adaptersFrom, matches } = route;
  const logprobs = options.logprobs ?? (matches.length > 0 ? 0 : undefined);
  return generator.chat(prompt, { ...defined({ ...generationOf(options), adaptersFrom, logprobs }), adapters });
}

function attributionOf(
  parts: Answering,
  messages: readonly ChatMessage[],
  { route, passages, unsure }: Grounds,
  { logprobs }: Generation,
): Pick<Answered, 'source' | 'memories' | 'unsure' | 'confidence' | 'passages'> {
  const { adapters, matches } = route;
  const named = (some: Route['matches']) => some.map((match) => nameOf(parts, match));
  const confidence = matches.length > 0 ? confidenceOf(logprobs) : undefined;
  return {
    source: sourceOf(messages, { adapters, passages }),
    memories: named(matches),
    ...(unsure.length === 0 ? {} : { unsure: named(unsure) }),
    ...(confidence === undefined ? {} : { confidence }),
    passages,
  };
}

function textOf(
  said: string,
  result: Generation,
  { jsonSchema, opening = '', logprobs }: AskOptions,
): Omit<Answered, 'source' | 'memories' | 'passages'> {
  const { text, thinking, promptTokens, reusedTokens, tokens, seconds, finishReason, left, toolCalls, cutToolCall } =
    result;
  const isJson = jsonSchema !== undefined && finishReason === 'stop';
  return {
    answer: said,
    ...(isJson ? { json: JSON.parse(text.slice(opening.length)) as unknown } : {}),
    ...{ promptTokens, reusedTokens, tokens, seconds },
    finishReason: finishReason === 'length' ? 'length' : 'stop',
    ...defined({ thinking, left, toolCalls, cutToolCall }),
    ...(logprobs === undefined ? {} : defined({ logprobs: result.logprobs })),
  };
}

function nameOf({ memory }: Answering, { id, score }: Route['matches'][number]): AnswerMemory {
  const held = memory?.brain.get(id);
  return { id, score, text: held?.text ?? '', ...defined({ told: held?.createdAt }) };
}

function damageOf(parts: Answering, { damaged }: Route): Pick<Answered, 'damaged'> {
  return damaged === undefined ? {} : { damaged: nameOf(parts, damaged) };
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
  { maxTokens = fallbackOf(SAMPLING.maxTokens), about, signal }: AskOptions,
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
