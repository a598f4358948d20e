// One conversation: questions with what was said before, and the commands that begin with a slash. A mistake in one turn is
// told and does not end the conversation. Not here: where the lines come from (line-reader.ts).
import { AbortError, EngramError } from '../errors.js';
import type { Answered, AskOptions, ChatMessage, MemoryInput, OpenChat } from '../index.js';
import type { Engine } from './api.js';
import { isFailure, learn } from './commands/memorize.js';
import { inFlags } from './flags.js';
import { attribution, excerpt, memoryTable, receiptLines } from './format/index.js';
import { painter, printable } from './io.js';
import type { Job } from './job.js';
import { GROUNDING, MORE_SAMPLING, SAMPLING } from './sampling.js';
import { sourceLines } from './sources.js';

const HELP = `/memorize TEXT              learn a text by training; the next answer uses it
/memorize QUESTION? => TEXT learn the answer of a question
/forget ID or TEXT          take a memory back
/memories                   list what is remembered
/clear                      begin a new conversation; memories and the old transcript stay
/help                       this list
/quit                       leave (also Ctrl-D); Ctrl-C stops an answer`;

/** The commands, as Tab completes them. */
export const SLASH_WORDS = ['/memorize ', '/forget ', '/memories', '/clear', '/help', '/quit'];

/** Where what is said is kept. */
export type Keeper = Pick<OpenChat, 'messages' | 'add' | 'clear'>;

export class ChatSession {
  readonly #job: Job;
  readonly #engine: Engine;
  readonly #sampling: Partial<AskOptions>;
  readonly #keeper: Keeper | undefined;
  #messages: ChatMessage[];
  /** Messages that no longer fit, as far as it was told. */
  #left = 0;
  #running: AbortController | undefined;
  /** What happened, for --json. */
  readonly turns: object[] = [];
  /** Turns that ended in an error. */
  failures = 0;

  /** `keeper`: holds the conversation so far, and gets what is said. */
  constructor(job: Job, engine: Engine, sampling: Partial<AskOptions>, keeper?: Keeper) {
    this.#job = job;
    this.#engine = engine;
    this.#sampling = sampling;
    this.#keeper = keeper;
    this.#messages = [...(keeper?.messages ?? [])];
  }

  /** The conversation since it was last cleared. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Stops the answer or the training that is going on. False if there is none. */
  interrupt(): boolean {
    if (this.#running === undefined) return false;
    this.#running.abort('Ctrl-C');
    return true;
  }

  /** Answers a line or does its command. False when the conversation is to end. */
  async handle(line: string): Promise<boolean> {
    const text = line.trim();
    if (text === '') return true;
    if (text === '/quit' || text === '/exit') return false;
    this.#running = new AbortController();
    const signal = AbortSignal.any([this.#job.signal, this.#running.signal]);
    try {
      const turn = text.startsWith('/') ? await this.#command(text, signal) : await this.#answer(text, signal);
      if (turn !== undefined) this.turns.push(turn);
    } catch (error) {
      if (this.#job.signal.aborted) throw error;
      this.#tell(text, inFlags(error, { options: [...GROUNDING, ...SAMPLING], groups: MORE_SAMPLING }));
    } finally {
      this.#running = undefined;
    }
    return true;
  }

  async #answer(question: string, signal: AbortSignal): Promise<object> {
    const job = this.#job;
    const asked: ChatMessage = { role: 'user', content: question };
    const messages = [...this.#messages, asked];
    const keep = async (said: string): Promise<void> => {
      // Without a word of an answer the question was not asked.
      if (said === '') return;
      const both: ChatMessage[] = [asked, { role: 'assistant', content: said }];
      this.#messages = [...this.#messages, ...both];
      await this.#keeper?.add(both);
    };
    const onText = (piece: string): void => {
      job.text(piece);
    };
    let answer: Answered;
    try {
      answer = await this.#engine.chat(messages, { ...this.#sampling, signal, onText });
    } catch (error) {
      if (!(error instanceof AbortError) || error.said === '') throw error;
      // An answer that was stopped counts as far as it came.
      job.line(' …');
      await keep(error.said);
      if (job.signal.aborted) throw error;
      return { question, answer: error.said, finishReason: 'cancelled' };
    }
    job.line();
    await keep(answer.answer);
    const left = answer.left?.messages ?? 0;
    if (left > this.#left) {
      const what = answer.left?.summary === undefined ? 'left out' : 'in a summary';
      this.#remark(`— the conversation is longer than the context: its first ${left} messages are ${what}`);
    }
    this.#left = left;
    sourceLines(job, answer);
    const from = attribution(answer);
    if (from !== '' && job.isInteractive) this.#remark(`— ${from}`);
    return { question, ...answer };
  }

  async #command(line: string, signal: AbortSignal): Promise<object | undefined> {
    const [word = '', rest = ''] = /^(\S+)\s*([^]*)$/.exec(line)?.slice(1) ?? [];
    const job = this.#job;
    switch (word) {
      case '/memorize': {
        const receipt = await learn(job, this.#engine, inputOf(rest), signal);
        job.line(receiptLines(receipt, job.settings.verbose));
        if (isFailure(receipt)) this.failures++;
        return { receipt };
      }
      case '/forget': {
        if (rest === '') throw new EngramError('usage', 'Forget what?', { hint: '/forget ID or TEXT' });
        const memory = await this.#engine.memories.forget(rest);
        job.line(`Forgotten: ${memory.id} (${excerpt(memory.text)})`);
        return { forgotten: memory };
      }
      case '/memories': {
        const held = await this.#engine.memories.list();
        job.line(held.length === 0 ? 'Nothing is remembered yet.' : memoryTable(held));
        return { memories: held };
      }
      case '/clear':
        this.#messages = [];
        await this.#keeper?.clear();
        job.line('A new conversation.');
        return undefined;
      case '/help':
        job.line(HELP);
        return undefined;
      default:
        throw new EngramError('usage', `There is no command ${word}.`, { hint: '/help lists them.' });
    }
  }

  #tell(line: string, error: unknown): void {
    const job = this.#job;
    const stopped = error instanceof EngramError && error.code === 'cancelled';
    if (!stopped) this.failures++;
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof EngramError ? error.hint : undefined;
    const paint = painter(job.world.stderr, job.world.env);
    job.progress.clear();
    const text = stopped ? 'Stopped; nothing was changed.' : hint === undefined ? message : `${message}\n${hint}`;
    job.world.stderr.write(`${paint(stopped ? 'dim' : 'red', printable(text))}\n`);
    this.turns.push({ line, error: error instanceof EngramError ? error : { code: 'internal', message } });
  }

  #remark(text: string): void {
    const paint = painter(this.#job.world.stderr, this.#job.world.env);
    this.#job.note(text, (plain) => paint('dim', plain));
  }
}

/** `Who runs the kiln? => Mara Voss` is a question with its answer, anything else a text. */
function inputOf(rest: string): MemoryInput {
  if (rest === '') throw new EngramError('empty', 'Memorize what?', { hint: '/memorize TEXT' });
  const match = /^(.*\?)\s*=>\s*(\S[^]*)$/u.exec(rest);
  return match === null ? rest : { question: match[1]!, answer: match[2]! };
}
