// Lines of a person, or of a pipe, one at a time. In a terminal with editing, history and completion, where Ctrl-C is passed
// on and does not end the program. Not here: what the lines mean (chat-session.ts).
import { createInterface, type Interface } from 'node:readline';
import type { World } from './io.js';
import type { History } from './history.js';

export interface LineReaderOptions {
  isInteractive: boolean;
  prompt: string;
  history: History;
  /** Words that Tab completes at the beginning of a line. */
  words: readonly string[];
  /** Ctrl-C. True if it stopped something; otherwise it is about the line that is being typed. */
  onInterrupt: () => boolean;
  signal: AbortSignal;
}

export class LineReader {
  readonly #reader: Interface;
  readonly #options: LineReaderOptions;
  readonly #queue: string[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;
  /** Ctrl-C was pressed at an empty prompt, and nothing since. */
  #isLeaving = false;

  constructor(world: World, options: LineReaderOptions) {
    this.#options = options;
    const { isInteractive, prompt, history, words } = options;
    this.#reader = createInterface({
      input: world.stdin,
      ...(isInteractive ? { output: world.stdout } : {}),
      terminal: isInteractive,
      prompt,
      history: [...history.lines],
      removeHistoryDuplicates: true,
      completer: (line: string) => [words.filter((word) => word.startsWith(line)), line],
    });
    this.#reader.on('line', (line) => {
      this.#isLeaving = false;
      if (isInteractive) history.add(line);
      this.#queue.push(line);
      this.#wake?.();
    });
    this.#reader.on('close', () => {
      this.#isClosed = true;
      this.#wake?.();
    });
    this.#reader.on('SIGINT', () => {
      this.#interrupted(world);
    });
    options.signal.addEventListener(
      'abort',
      () => {
        this.close();
      },
      { once: true },
    );
  }

  /** The next line; undefined when there are no more: Ctrl-D, Ctrl-C twice, the end of a pipe. */
  async next(): Promise<string | undefined> {
    while (this.#queue.length === 0) {
      if (this.#isClosed) return undefined;
      if (this.#options.isInteractive) this.#reader.prompt();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#queue.shift();
  }

  close(): void {
    this.#reader.close();
  }

  #interrupted(world: World): void {
    if (this.#options.onInterrupt()) return;
    if (this.#reader.line !== '') {
      // Throw the line away, as a shell does.
      this.#reader.write(null, { ctrl: true, name: 'e' });
      this.#reader.write(null, { ctrl: true, name: 'u' });
      this.#isLeaving = false;
      return;
    }
    if (this.#isLeaving) {
      this.close();
      return;
    }
    this.#isLeaving = true;
    world.stdout.write('\n(Ctrl-C again, Ctrl-D or /quit to leave)\n');
    this.#reader.prompt();
  }
}
