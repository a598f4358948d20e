// What a chat template means for the answer to a conversation: where it ends in text, and which part of it is thought. Not here:
// the prompt (chat-template.ts), calls of tools (tool-use.ts), generating (llama.ts).
import { defined } from '../defined.js';
import { EngramError } from '../errors.js';
import type { ChatTemplate } from './chat-template.js';
import { ThoughtStream } from './thoughts.js';
import type { ChatMessage, GenerateOptions, Generation } from './types.js';

export interface AnswerForm {
  /** What to generate with. */
  options: GenerateOptions;
  /** Whether the signs around a thought are special tokens, which have to be written to be seen. */
  writesSpecial: boolean;
  /** The answer without its thought. */
  end: (generation: Generation) => Generation;
}

/** Throws `usage` and `unsupported` where the model is to think and cannot. */
export function formOf(template: ChatTemplate, messages: readonly ChatMessage[], options: GenerateOptions): AnswerForm {
  const { thoughtSigns: signs, endText } = template;
  const { thinking = false, onText, onThinking } = options;
  const stop = endText === undefined ? options.stop : [...(options.stop ?? []), endText];
  const isFree = options.grammar === undefined && options.jsonSchema === undefined && (options.opening ?? '') === '';
  if (thinking && !isFree) {
    throw new EngramError('usage', 'An answer with a form or an opening cannot begin with a thought.', {
      hint: 'Leave out thinking, or the grammar, the schema and the opening.',
    });
  }
  if (thinking && signs === undefined) {
    throw new EngramError(
      'unsupported',
      "This model's chat template knows no thoughts, so it cannot be told to think.",
      {
        hint: 'Leave out thinking, or use a model that is made for it.',
      },
    );
  }
  if (signs === undefined || !isFree) {
    return { options: defined({ ...options, stop }), writesSpecial: false, end: (generation) => generation };
  }
  const isOpen = template.opensThought(messages, thinking);
  const stream = new ThoughtStream(signs, isOpen, { answer: onText, thought: onThinking });
  const push = (piece: string): void => {
    stream.push(piece);
  };
  return {
    options: defined({ ...options, stop, onText: push }),
    writesSpecial: template.hasHiddenSigns,
    end: (generation) => ({ ...generation, ...stream.end() }),
  };
}
