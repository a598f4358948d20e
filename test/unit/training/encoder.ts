// A tokenizer of one token per character, with a chat template in the manner of ChatML.
import type { RowEncoder } from '../../../src/training/index.js';

export const END_OF_TURN = 1;
export const END_OF_TEXT = 2;
export const BEGIN_OF_TEXT = 3;
const TURN = 4;

export const encode = (text: string): number[] => Array.from(text, (letter) => letter.codePointAt(0)!);

export const turn = (role: string, content: string): number[] => [
  TURN,
  ...encode(role),
  ...encode(content),
  END_OF_TURN,
];
export const answerStart: number[] = [TURN, ...encode('assistant')];

export function characterEncoder(beginOfText: number | null = null): RowEncoder {
  return {
    encode: (text) => Uint32Array.from(encode(text)),
    encodeChat: (messages) =>
      Uint32Array.from([...messages.flatMap(({ role, content }) => turn(role, content)), ...answerStart]),
    special: { endOfTurn: END_OF_TURN, endOfText: END_OF_TEXT, beginOfText },
  };
}
