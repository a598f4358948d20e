// ReActLLM: the model of a ReAct agent (LangChain's zero-shot and createReactAgent prompts), chosen where one wants its format kept: a
// small model does not keep it by itself. Any other prompt it answers as EngramLLM does. Not here: how a step is written (react.ts).
import type { Answer, AskOptions, Engram } from '../index.js';
import { EngramLLM, type EngramLLMFields } from './llm.js';
import { readReactPrompt } from './react-prompt.js';
import { writeReact } from './react.js';

export interface ReActLLMFields extends EngramLLMFields {
  /** Names of the tools whose input is a text, of which the request may hold some word for word. Default: those of memoryTools(). */
  textTools?: readonly string[] | undefined;
}

const TEXT_TOOLS = ['memorize', 'forget'];

export class ReActLLM extends EngramLLM {
  readonly #textTools: ReadonlySet<string>;

  static override lc_name(): string {
    return 'ReActLLM';
  }

  constructor(fields: ReActLLMFields = {}) {
    super(fields);
    this.#textTools = new Set(fields.textTools ?? TEXT_TOOLS);
  }

  protected override write(engram: Engram, prompt: string, settings: AskOptions): Promise<Answer> {
    const react = settings.grammar === undefined ? readReactPrompt(prompt) : undefined;
    if (react === undefined) return super.write(engram, prompt, settings);
    return writeReact(engram, prompt, react, settings, this.#textTools);
  }
}
