// A chat template's text, rendered as transformers does it: line breaks of one kind, a date that never moves, a system message
// before the first question where the template knows none. Not here: tokens, and what stands in the place of texts.
import { Template } from '@huggingface/jinja';
import { EngramError } from '../errors.js';
import { DATE_STRING, PYTHON_FUNCTIONS, readAsPython } from './python-ways.js';
import { bound, boundedFunctions } from './template-bounds.js';

export interface RenderOptions {
  /** Ends where the assistant's answer begins; else where the last message ends. */
  openAnswer: boolean;
  /** As templates read them. */
  tools: readonly object[];
  /** Whether the model is to think before it answers, where the template knows of that. */
  thinking: boolean;
}

export interface RenderedMessage {
  role: string;
  content: string;
}

export class Rendering {
  /** With line breaks of one kind. */
  readonly source: string;
  readonly #template: Template;

  /** Throws `unsupported` for a template that cannot be read. */
  constructor(
    source: string,
    private readonly signs: { bos: string; eos: string },
  ) {
    this.source = source.replace(/\r\n?/g, '\n');
    try {
      this.#template = new Template(this.source);
      readAsPython(this.#template);
      bound(this.#template);
    } catch (error) {
      throw new EngramError('unsupported', `The model's chat template cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Throws what the template does. */
  raw(messages: readonly object[], { openAnswer, tools, thinking }: RenderOptions): string {
    return this.#template.render({
      messages: [...messages],
      ...(tools.length === 0 ? {} : { tools: [...tools] }),
      add_generation_prompt: openAnswer,
      bos_token: this.signs.bos,
      eos_token: this.signs.eos,
      enable_thinking: thinking, // as Qwen 3 calls it
      thinking, // as Granite and DeepSeek do
      date_string: DATE_STRING,
      ...PYTHON_FUNCTIONS,
      ...boundedFunctions(),
    });
  }

  /** Some templates know no system message: then it goes before the first words of the user. Throws `unsupported` for a
   * conversation that the template refuses. */
  render(messages: readonly RenderedMessage[], options: RenderOptions): string {
    try {
      return this.raw(messages, options);
    } catch (error) {
      if (error instanceof EngramError) throw error; // it goes on for ever
      const [first, second, ...rest] = messages;
      if (first?.role === 'system' && second?.role === 'user') {
        try {
          const folded = { role: second.role, content: `${first.content}\n\n${second.content}` };
          return this.raw([folded, ...rest], options);
        } catch {
          // The first error says more.
        }
      }
      throw new EngramError('unsupported', `The model's chat template refuses this conversation: ${messageOf(error)}`, {
        hint: 'Most templates want user and assistant in turns, beginning with the user.',
        cause: error,
      });
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
