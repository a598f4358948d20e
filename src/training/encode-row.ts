// Tokens and loss weights of a row. A text is learned whole; of a question and answer, and of a conversation, only what the
// assistant says, in the model's own chat template. The token that ends a turn or a text is learned too: a model that is not
// taught to stop repeats what it learned without end.
import { EngramError } from '../errors.js';
import type { Message, Row } from './row.js';
import type { Example } from './types.js';

/** What is needed of a tokenizer; a Generator has it. */
export interface RowEncoder {
  /** A plain text; no special tokens are parsed or added. */
  encode(text: string): Uint32Array;
  /** A conversation in the model's chat template, up to where the assistant's answer begins. */
  encodeChat(messages: readonly Message[]): Uint32Array;
  /** The last message of a conversation, and what comes before it, with its thought and its calls as the template writes them.
   * Left out: its text as it stands. */
  encodeTurn?(messages: readonly Message[]): { prompt: Uint32Array; answer: Uint32Array };
  /** How the first special token is written that a text would become if its signs were read. */
  signIn?(text: string): string | undefined;
  readonly special: { endOfTurn: number; endOfText: number; beginOfText: number | null };
}

interface Sequence {
  tokens: number[];
  weights: number[];
}

/** The examples of one row: several where a text is longer than textTokens, or where the chat template shows earlier turns
 * in another way than they were said. Throws `empty` or `too_long` with the line. */
export function encodeRow(
  row: Row,
  line: number,
  encoder: RowEncoder,
  maxTokens: number,
  textTokens = maxTokens,
): Example[] {
  const sequences = sequencesOf(row, line, encoder, maxTokens, textTokens);
  return sequences.map(({ tokens, weights }) => ({
    tokens: Uint32Array.from(tokens),
    weights: Float32Array.from(weights),
  }));
}

function sequencesOf(row: Row, line: number, encoder: RowEncoder, maxTokens: number, textTokens: number): Sequence[] {
  switch (row.kind) {
    case 'text':
      return split(encodeText(row.text, line, encoder), textTokens);
    case 'completion': {
      const messages: Message[] = [
        { role: 'user', content: row.prompt },
        { role: 'assistant', content: row.completion },
      ];
      return requireFit(encodeMessages(messages, line, encoder), line, maxTokens);
    }
    case 'messages':
      return requireFit(encodeMessages(row.messages, line, encoder), line, maxTokens);
  }
}

function encodeText(text: string, line: number, encoder: RowEncoder): number[] {
  const { beginOfText, endOfText } = encoder.special;
  const tokens = requireTokens(encoder.encode(text), line);
  return [...(beginOfText === null ? [] : [beginOfText]), ...tokens, endOfText];
}

/** Cuts a long text. Each piece starts with the last token of the one before, so that every token is learned once. */
function split(tokens: readonly number[], maxTokens: number): Sequence[] {
  const out: Sequence[] = [];
  for (let start = 0; start === 0 || start < tokens.length - 1; start += maxTokens - 1) {
    const piece = tokens.slice(start, start + maxTokens);
    out.push({ tokens: piece, weights: piece.map((_, i) => (i === 0 ? 0 : 1)) });
  }
  return out;
}

/** One sequence with all of the assistant's turns as long as each turn's prompt continues the turns before it; a template
 * that rewrites history (drops earlier thoughts, say) starts another sequence. */
function encodeMessages(messages: readonly Message[], line: number, encoder: RowEncoder): Sequence[] {
  const out: Sequence[] = [];
  for (const [i, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const { prompt, answer } = encodeTurn(messages.slice(0, i + 1), line, encoder);
    let sequence = out.at(-1);
    if (sequence === undefined || !isPrefix(sequence.tokens, prompt)) {
      sequence = { tokens: [], weights: [] };
      out.push(sequence);
    }
    append(sequence, prompt.slice(sequence.tokens.length), 0);
    append(sequence, answer, 1);
  }
  return out;
}

function encodeTurn(
  messages: readonly Message[],
  line: number,
  encoder: RowEncoder,
): Record<'prompt' | 'answer', number[]> {
  const { content, toolCalls = [] } = messages.at(-1)!;
  // A plain answer is its text and its end, whatever the template makes of space around it.
  const isPlain = toolCalls.length === 0 && !/<\/(?:think|thinking|thought|seed:think)>|\[\/THINK\]/.test(content);
  if (!isPlain && encoder.encodeTurn !== undefined) {
    const { prompt, answer } = encoder.encodeTurn(messages);
    return { prompt: Array.from(prompt), answer: Array.from(answer) };
  }
  const prompt = Array.from(encoder.encodeChat(messages.slice(0, -1)));
  return { prompt, answer: [...requireTokens(encoder.encode(content), line), encoder.special.endOfTurn] };
}

function append(sequence: Sequence, tokens: readonly number[], weight: number): void {
  for (const token of tokens) {
    sequence.tokens.push(token);
    sequence.weights.push(weight);
  }
}

function isPrefix(start: readonly number[], tokens: readonly number[]): boolean {
  return start.length <= tokens.length && start.every((token, i) => token === tokens[i]);
}

function requireTokens(tokens: Uint32Array, line: number): Uint32Array {
  if (tokens.length === 0) throw new EngramError('empty', `Line ${line} has no tokens.`, { details: { line } });
  return tokens;
}

function requireFit(sequences: Sequence[], line: number, maxTokens: number): Sequence[] {
  for (const { tokens } of sequences) {
    if (tokens.length <= maxTokens) continue;
    throw new EngramError('too_long', `Line ${line} has ${tokens.length} tokens; at most ${maxTokens} fit.`, {
      hint: 'Shorten the row, or split it into several.',
      details: { line, tokens: tokens.length, maxTokens },
    });
  }
  return sequences;
}
