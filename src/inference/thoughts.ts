// What a model thinks before it answers, apart from the answer: the signs around a thought, a text cut in two, a stream sent two
// ways. Not here: whether it is asked to think (rendering.ts), and what templates make of earlier thoughts.

export interface ThoughtSigns {
  open: string;
  close: string;
}

const SIGNS: readonly ThoughtSigns[] = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
  { open: '<thinking>', close: '</thinking>' },
  { open: '<thought>', close: '</thought>' },
  { open: '<seed:think>', close: '</seed:think>' },
];

/** The signs that a template knows, if it knows any. */
export function signsOf(source: string): ThoughtSigns | undefined {
  return SIGNS.find(({ close }) => source.includes(close));
}

/** `thought` is undefined where there is none. A thought that does not end takes the whole text. */
export function splitThought(
  text: string,
  { open, close }: ThoughtSigns,
  isOpen = false,
): { thought: string | undefined; answer: string } {
  const start = text.trimStart();
  const hasOpening = start.startsWith(open);
  if (!isOpen && !hasOpening) return { thought: undefined, answer: text };
  const within = hasOpening ? start.slice(open.length) : text;
  const end = within.indexOf(close);
  if (end < 0) return { thought: within.trim(), answer: '' };
  return { thought: within.slice(0, end).trim(), answer: within.slice(end + close.length).trimStart() };
}

/** Sends a text that comes in pieces two ways. */
export class ThoughtStream {
  #text = '';
  #sent = { thought: 0, answer: 0 };

  /** `isOpen`: the prompt has opened the thought. */
  constructor(
    private readonly signs: ThoughtSigns,
    private readonly isOpen: boolean,
    private readonly on: {
      answer: ((piece: string) => void) | undefined;
      thought: ((piece: string) => void) | undefined;
    },
  ) {}

  push(piece: string): void {
    this.#text += piece;
    if (!this.isOpen && this.#mayOpen()) return;
    const { thought, answer } = splitThought(this.#text, this.signs, this.isOpen);
    if (thought === undefined) {
      this.#send('answer', answer, answer.length);
      return;
    }
    // Of a thought that has not ended yet the end is held back: it may be the beginning of its sign, or space before it.
    const isEnded = this.#text.includes(this.signs.close);
    this.#send('thought', thought, isEnded ? thought.length : thought.length - this.#maybeClose(thought));
    if (isEnded) this.#send('answer', answer, answer.length);
  }

  /** The whole, when all has come; sends what was held back. */
  end(): { text: string; thinking?: string } {
    const { thought, answer } = splitThought(this.#text, this.signs, this.isOpen);
    this.#send('thought', thought ?? '', (thought ?? '').length);
    this.#send('answer', answer, answer.length);
    return thought === undefined ? { text: answer } : { text: answer, thinking: thought };
  }

  /** Whether a thought may begin yet. */
  #mayOpen(): boolean {
    const start = this.#text.trimStart();
    return start.length < this.signs.open.length && this.signs.open.startsWith(start);
  }

  #maybeClose(thought: string): number {
    const { close } = this.signs;
    let length = Math.min(close.length - 1, thought.length);
    while (length > 0 && !thought.endsWith(close.slice(0, length))) length--;
    const before = thought.slice(0, thought.length - length);
    return length + before.length - before.trimEnd().length;
  }

  #send(to: 'thought' | 'answer', text: string, length: number): void {
    const sent = this.#sent[to];
    if (length <= sent) return;
    this.#sent[to] = length;
    this.on[to]?.(text.slice(sent, length));
  }
}
