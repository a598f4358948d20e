// The words of memory: what a brain holds and what is said about it. Not here: how it is stored (ledger.ts) or learned
// (memorize.ts).
import type { ChatMessage, CutToolCall, Generation, ToolCall } from '../inference/index.js';
import type { ErrorCode } from '../errors.js';
import type { FoundPassage } from '../retrieval/index.js';

/** What the user asked to remember: a text, a question with its answer, or a triple. */
export type MemoryInput = string | { question: string; answer: string } | Triple;

/** What may hold several memories: a text of any length up to 50,000 words, notes, a conversation. */
export type MemorySource = MemoryInput | { text: string } | { messages: readonly ChatMessage[] };

/** A fact in three parts, e.g. `Brenn`, `capital`, `Ossa`, or `Ana Brol`, `was born in`, `Ulm`. */
export interface Triple {
  subject: string;
  relation: string;
  object: string;
}

export interface Memory {
  /** Short and unique in its brain, e.g. `m-3f9a2c`. */
  id: string;
  /** The text as it was given; for question and answer, both. */
  text: string;
  question?: string;
  answer?: string;
  /** ISO 8601. */
  createdAt: string;
  state: 'remembered' | 'superseded' | 'forgotten';
  /** Id of the memory that took its place. */
  supersededBy?: string;
  /** Its adapter's file is gone or is not the one that was committed: it cannot answer until it is memorized again. */
  damaged?: 'missing' | 'changed';
  receipt?: Receipt;
}

/** Shares from 0 to 1, all by free generation at temperature 0. */
export interface BeforeAfter {
  /** Of what was asked before; left out if nothing was. */
  before?: number;
  after: number;
}

/** What memorize measured. */
export interface Receipt {
  id: string;
  /** Mean cross-entropy per answer token over the lessons. */
  loss: { before: number; after: number };
  /** Efficacy: of what was trained, told word for word. */
  recall: BeforeAfter;
  /** Generalization: questions nobody trained on, asked through the gate, answered word for word with what was told. Left out
   * where nobody could write such questions. */
  paraphrase?: BeforeAfter;
  /** Unrelated questions: share whose answer is exactly what it was. */
  unrelated: { kept: number; asked: number };
  /** Questions of the nearest other memories that it did not take to itself, if there are any. */
  neighbours?: { kept: number; asked: number };
  seconds: number;
  steps: number;
  /** Tokens that went through the model in training. */
  tokens: number;
  flop: number;
  committed: boolean;
  /** Ids of the memories whose place it took. */
  supersedes?: string[];
  /** Of the questions about those, how many still got the old answer. */
  superseded?: { asked: number; recalled: number };
  /** Memories that no longer hold, by the judge, and were left as they are. */
  contradicts?: Contradiction[];
  /** If all of it is answered already: ids of the memories that do, none if the model itself does. */
  knownBy?: string[];
  /** Why it was rolled back, if it was. */
  reason?: string;
  /** What was asked before and after, for a person to read. */
  probes: Probe[];
}

/** What an examination found, as shares. */
export interface Standing {
  recall: number;
  paraphrase: number;
}

/** A memory that a later one takes the place of, by the judge. */
export interface Contradiction {
  id: string;
  text: string;
  /** How sure that is, 0 to 1. */
  score: number;
}

/** How often a forgotten memory was asked for, in all its wordings, and told; by the base model alone; and which other memories
 * told it. */
export interface ForgottenProof {
  asked: number;
  recalled: number;
  base: number;
  toldBy: string[];
}

export interface Probe {
  /** `superseded`: a question of a memory that was replaced; it holds if the old answer, which is the expected one, is gone. */
  kind: 'recall' | 'paraphrase' | 'unrelated' | 'neighbour' | 'superseded';
  question: string;
  expected: string;
  /** Left out if it was not asked before. */
  before?: string;
  after: string;
  held: boolean;
}

/** What became of the memories of a batch, in their order. */
export interface BatchReport {
  memories: BatchItem[];
  /** How many are held now. */
  committed: number;
  /** How many the model answered already: nothing was trained. */
  known: number;
  /** How many were rolled back or could not be tried. */
  failed: number;
  seconds: number;
}

/** One of them: its receipt, or why there is none. */
export type BatchItem = { input: MemoryInput } & (
  { receipt: Receipt; error?: never } | { receipt?: never; error: { code: ErrorCode; message: string } }
);

/** What memorize reports while it works. */
export type MemorizeProgress =
  /** Another process changes the brain; `who` says which, in a sentence. */
  | { phase: 'wait'; who: string }
  | { phase: 'lessons'; lessons: number }
  | { phase: 'probe_before' | 'probe_after'; done: number; of: number }
  | { phase: 'train'; step: number; steps: number; loss: number; tokensPerSecond: number }
  | { phase: 'commit' };

/** A memory that an answer rests on, and how surely it is meant, 0 to 1. */
export interface AnswerMemory {
  id: string;
  text: string;
  score: number;
  /** When it was told, ISO 8601: `last Tuesday` is of that day. Missing if it was forgotten meanwhile. */
  told?: string;
}
export interface Answer {
  answer: string;
  /** The answer as a value, if it was asked for by a JSON schema and was not cut off. */
  json?: unknown;
  /** What it rests on: a memory's weights (its text, where a server answers: `memory`), passages of documents, what was said before in the conversation, or the base model
   * alone. `unknown`: nothing, so that nothing was made up (see AskOptions.unknown). */
  source: 'weights' | 'memory' | 'retrieval' | 'context' | 'base' | 'unknown';
  /** The memories whose adapter was on, best match first. */
  memories: AnswerMemory[];
  /** Memories that the question touches and whose weights were not sure of an answer, so that passages answered. */
  unsure?: AnswerMemory[];
  /** The memory that the question touches and that does not answer because its adapter is damaged. */
  damaged?: AnswerMemory;
  /** From weights: the geometric mean of the probabilities of the answer's tokens. */
  confidence?: number;
  /** The passages of documents that were put before the model, as the answer cites them: the first is [1]. */
  passages: FoundPassage[];
  promptTokens: number;
  /** Of these, not computed again: what is the same as before, or was restored. */
  reusedTokens: number;
  tokens: number;
  seconds: number;
  /** `length`: there was no room for more. */
  finishReason: 'stop' | 'length';
  /** Messages that were left out because the conversation is too long, and the summary that stood for them. */
  left?: { messages: number; summary?: string };
  /** If there were tools: those the model asks to be called. */
  toolCalls?: ToolCall[];
  /** The call that was cut off (maxTokens); it is not among `toolCalls`. */
  cutToolCall?: CutToolCall;
  /** If asked for. */
  logprobs?: NonNullable<Generation['logprobs']>;
}
