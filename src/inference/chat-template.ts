// A conversation as token ids, through the model's own Jinja template (tokenizer.chat_template in its GGUF). The messages are
// put in after the template has been rendered and tokenized apart from it, so that no text in them can become a special token.
import { Template } from '@huggingface/jinja';
import type { LlamaModel, Token } from 'node-llama-cpp';
import { EngramError } from '../errors.js';
import type { ChatMessage } from './types.js';

// Characters of the private use area around the number of a message: no template gives them a meaning.
const OPEN = '\uE0F0';
const CLOSE = '\uE0F1';

export class ChatTemplate {
  readonly #template: Template | undefined;
  readonly #trims: boolean;

  constructor(private readonly model: LlamaModel) {
    const source = model.fileInfo.metadata.tokenizer.chat_template;
    this.#template = source === undefined ? undefined : new Template(source);
    this.#trims = source !== undefined && /\|\s*trim|\.strip\(/.test(source);
  }

  /** Ends where the assistant's answer begins. Throws `unsupported` if the model has no template. */
  encode(messages: readonly ChatMessage[]): Token[] {
    if (this.#template === undefined) {
      throw new EngramError('unsupported', 'This model has no chat template, so it cannot hold a conversation.', {
        hint: 'Use an instruct or chat model; a base model only continues text.',
      });
    }
    const { tokens } = this.model;
    let rendered: string;
    try {
      rendered = this.#template.render({
        messages: messages.map(({ role }, i) => ({ role, content: `${OPEN}${i}${CLOSE}` })),
        add_generation_prompt: true,
        bos_token: tokens.bosString ?? '',
        eos_token: tokens.eosString ?? '',
        enable_thinking: false,
      });
    } catch (error) {
      throw new EngramError(
        'unsupported',
        `The model's chat template cannot take this conversation: ${messageOf(error)}`,
        {
          hint: 'Most templates want user and assistant in turns, beginning with the user.',
          cause: error,
        },
      );
    }
    const out: Token[] = [];
    for (const piece of rendered.split(new RegExp(`(${OPEN}\\d+${CLOSE})`, 'u'))) {
      if (piece === '') continue;
      const index = piece.startsWith(OPEN) ? Number(piece.slice(1, -1)) : undefined;
      const content =
        index === undefined ? undefined : messages[index]?.content.replaceAll(OPEN, '').replaceAll(CLOSE, '');
      if (content === undefined) out.push(...this.model.tokenize(piece, true));
      else out.push(...this.model.tokenize(this.#trims ? content.trim() : content, false, 'trimLeadingSpace'));
    }
    if (tokens.shouldPrependBosToken && tokens.bos !== null && out[0] !== tokens.bos) out.unshift(tokens.bos);
    return out;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
