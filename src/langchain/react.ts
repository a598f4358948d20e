// Writes the next step of a ReAct agent. Small models do not keep its format, so each part is decoded under a grammar: a thought,
// then a tool with its input, or the final answer. The model chooses by its own likelihood, between the tools that the request
// leaves (request.ts). Not here: running the tools and asking again (LangChain's AgentExecutor).
import type { Answer, AskOptions, CompleteOptions, Completion, Engram } from '../index.js';
import { meanLogprob, overlap, repeats, restsOn, wordsOf } from './grounds.js';
import { literal, quoteGrammar, unclosed } from './quotes.js';
import type { ReactPrompt, ReactTool } from './react-prompt.js';
import { readRequest } from './request.js';

/** Calls of tools for one question; then it is answered. */
const MOST_STEPS = 10;
/** Share of the words of an input that are the request's own, from which on it is a quotation, if perhaps a poor one. */
const QUOTED = 0.25;
/** Fewer words are no text. */
const TEXT_WORDS = 3;
const INPUT_TOKENS = 256;
/** A thought is one sentence or so, on one line, without the colons that mark the parts. */
const THOUGHT = '" " [^\\n:]{1,200} "\\n"';
/** A final answer says something. */
const ANSWER = 'root ::= " "? [^ \\t\\n] ([^\\n] | "\\n")*';
/** Parts are passed on when they are whole, and end by their grammar. */
const UNSAID = { onText: undefined, stop: undefined };
const ANSWER_ENDS = ['\n\n', '\nObservation:', '\nThought:', '\nAction:', '\nQuestion:'];

/** A tool that may be called now, and what the request has for it. */
interface Offer {
  tool: ReactTool;
  content: string | undefined;
}

/** Writes the next step of an agent whose prompt was read. `textTools`: names of those whose input is a text, and no name, number or
 * query. Throws as Engram.complete() does. */
export function writeReact(
  engram: Engram,
  prompt: string,
  react: ReactPrompt,
  settings: AskOptions,
  textTools: ReadonlySet<string>,
): Promise<Answer> {
  return new Step(engram, prompt, react, settings, textTools).write();
}

class Step {
  readonly #settings: CompleteOptions;
  #text = '';
  /** Of all parts. */
  #counts = { promptTokens: 0, reusedTokens: 0, tokens: 0, seconds: 0 };

  constructor(
    private readonly engram: Engram,
    private readonly prompt: string,
    private readonly react: ReactPrompt,
    private readonly settings: AskOptions,
    private readonly textTools: ReadonlySet<string>,
  ) {
    this.#settings = { ...settings, ...UNSAID, logprobs: undefined };
  }

  async write(): Promise<Answer> {
    if (!/Thought:\s*$/u.test(this.prompt)) this.#say('Thought:');
    const offers = await this.#offers();
    const isTold = offers.some(({ content }) => content !== undefined);
    // What is asked and was learned needs no tool.
    if (!isTold && (await this.#isKnown())) return this.#fromMemory();
    const offer = await this.#choose(offers, isTold);
    if (offer === undefined) return this.#finish();
    const { tool, content } = offer;
    const input = content ?? (await this.#input(tool));
    if (this.react.steps.some((step) => step.tool === tool.name && step.input === input)) return this.#finish();
    this.#say(`Action: ${tool.name}\nAction Input: ${input}`);
    return this.#whole();
  }

  /** One that takes a text is offered where the request speaks of it, and not after its own reply, which is no news to it. */
  async #offers(): Promise<Offer[]> {
    const { tools, question, steps } = this.react;
    if (steps.length >= MOST_STEPS) return [];
    const { signal } = this.settings;
    const embed = (texts: readonly string[]) => this.engram.embed(texts, { signal });
    const offers: Offer[] = [];
    for (const tool of tools) {
      if (!this.textTools.has(tool.name)) offers.push({ tool, content: undefined });
      else if (steps.at(-1)?.tool !== tool.name) {
        const { speaks, content } = await readRequest(embed, question, tool.use);
        if (speaks) offers.push({ tool, content: steps.length === 0 ? content : undefined });
      }
    }
    return offers;
  }

  /** A thought, and the tool that the model then takes; undefined to answer, which it may not with `mustAct`. */
  async #choose(offers: readonly Offer[], mustAct: boolean): Promise<Offer | undefined> {
    const names = offers.map(({ tool }) => literal(tool.name)).join(' | ');
    const choices = [...(names === '' ? [] : [`"Action: " (${names}) "\\n"`]), ...(mustAct ? [] : ['"Final Answer:"'])];
    const { text: answer } = await this.#decode(this.#text, {
      grammar: `root ::= ${THOUGHT} (${choices.join(' | ')})`,
      maxTokens: INPUT_TOKENS,
    });
    const at = Math.max(answer.lastIndexOf('\nAction: '), answer.lastIndexOf('\nFinal Answer:'));
    this.#say(at < 0 ? ' I now know the final answer\n' : answer.slice(0, at + 1));
    const [, name] = /^Action: (.*)\n$/u.exec(answer.slice(at + 1)) ?? [];
    return offers.find(({ tool }) => tool.name === name);
  }

  async #input({ name }: ReactTool): Promise<string> {
    const { question, steps } = this.react;
    const head = `${this.#text}Action: ${name}\nAction Input: `;
    const free = await this.#decode(head, { grammar: 'root ::= [^\\n]+ "\\n"', maxTokens: INPUT_TOKENS, logprobs: 0 });
    // What a tool itself has replied is no news to it.
    const others = steps.filter(({ tool }) => tool !== name);
    const sources = [question, ...others.map(({ observation }) => observation)];
    const grammar = this.textTools.has(name) ? quoteGrammar(sources) : undefined;
    if (grammar === undefined) return free.text.trim();
    const quoted = await this.#decode(head, { grammar, maxTokens: 2 * INPUT_TOKENS, logprobs: 0 });
    const isWhole = quoted.text.endsWith('\n');
    const isOwn =
      wordsOf(free.text).length >= TEXT_WORDS &&
      overlap(free.text, sources.join('\n')) < QUOTED &&
      meanLogprob(free) > meanLogprob(quoted);
    return isOwn || !isWhole ? free.text.trim() : unclosed(quoted.text.trim());
  }

  async #finish(): Promise<Answer> {
    this.#say('Final Answer:');
    const { text, finishReason } = await this.#answer();
    this.#say(` ${text.trim()}`);
    return { ...this.#whole(), finishReason };
  }

  /** As the model writes it; but after a tool has replied, what rests neither on the reply nor on what a tool was told is
   * replaced by a quotation of them, unless it is likelier and news. */
  async #answer(): Promise<Completion> {
    const free = await this.#decode(this.#text, { grammar: ANSWER, stop: ANSWER_ENDS, logprobs: 0 });
    const { steps, empty } = this.react;
    const sources = steps.flatMap(({ tool, input, observation }) => [
      ...(this.textTools.has(tool) ? [input] : []),
      observation,
    ]);
    // A reply is quoted from its beginning on: the end of "Train complete. Loss: 0.02" answers nothing.
    const grammar = quoteGrammar(sources, 'lines');
    if (grammar === undefined || restsOn(free.text, sources)) return free;
    const quoted = await this.#decode(`${this.#text} `, { grammar, logprobs: 0 });
    const thought = this.#text.replace(/\nFinal Answer:$/u, '').replace(/^Thought:/u, '');
    const isNews = wordsOf(free.text).length >= TEXT_WORDS && !repeats(free.text, [...empty, thought]);
    return isNews && meanLogprob(free) > meanLogprob(quoted) ? free : { ...quoted, text: unclosed(quoted.text.trim()) };
  }

  /** Whether it is a question that touches a memory. */
  async #isKnown(): Promise<boolean> {
    const { question, steps } = this.react;
    if (steps.length > 0 || !/[?？]\s*$/u.test(question)) return false;
    const { signal, adapter } = this.settings;
    const { memories } = await this.engram.ask(question, { maxTokens: 1, passages: 0, adapter, signal });
    return memories.length > 0;
  }

  /** Memories are trained on questions as they are asked, so that is how this one is asked. */
  async #fromMemory(): Promise<Answer> {
    const answer = await this.engram.ask(this.react.question, { ...this.settings, ...UNSAID });
    this.#say(` I now know the final answer\nFinal Answer: ${this.#count(answer).answer.trim()}`);
    return this.#whole(answer);
  }

  /** Continues the prompt and what was written since. */
  async #decode(written: string, options: CompleteOptions): Promise<Completion> {
    return this.#count(await this.engram.complete(this.prompt + written, { ...this.#settings, ...options }));
  }

  #say(text: string): void {
    this.#text += text;
    this.settings.onText?.(text);
  }

  /** Counts a part in. */
  #count<T extends Pick<Answer, 'promptTokens' | 'reusedTokens' | 'tokens' | 'seconds'>>(part: T): T {
    const { promptTokens, reusedTokens, tokens, seconds } = this.#counts;
    this.#counts = {
      promptTokens: promptTokens + part.promptTokens,
      reusedTokens: reusedTokens + part.reusedTokens,
      tokens: tokens + part.tokens,
      seconds: seconds + part.seconds,
    };
    return part;
  }

  #whole(from?: Answer): Answer {
    const source = from?.source ?? (this.settings.adapter === undefined ? 'base' : 'weights');
    const { memories = [], passages = [] } = from ?? {};
    return { ...this.#counts, answer: this.#text, source, memories, passages, finishReason: 'stop' };
  }
}
