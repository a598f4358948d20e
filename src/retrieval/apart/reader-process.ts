// Readers in a process of their own, so that a file that kills, hangs or fills its reader costs that file alone. One process reads
// many files; it is replaced when it has ended or has grown. A process, not a thread: the limits of a thread do not count
// buffers, of which it may hold any number, and what it does to the process it does to everything.
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { EngramError, throwIfCancelled } from '../../errors.js';
import type { Chunk } from '../chunks.js';
import { SkipError } from '../readers/index.js';
import { REASONS, type Reply, type Request } from './messages.js';
import type { DocumentReader, ReadDocument, ReadLimits, ReadOptions } from './types.js';

const MEMORY_BYTES = 1.5e9;

/** Of what the process may hold, the share that values of JavaScript may take: the rest is for buffers. */
const HEAP_SHARE = 0.7;

/** A process that has grown so far is replaced before the next file, which shall not pay for it. */
const GROWN_SHARE = 0.4;

const SECONDS = 60;
const SECONDS_PER_MB = 20;

/** Waiting that computes nothing ends after so many times as long, and not before a minute: a machine may be busy with other
 * things. */
const PATIENCE = 10;
const PATIENCE_MS = 60_000;

/** Milliseconds to start in. */
const START_MS = 60_000;

/** Characters of what it said last. */
const KEPT_WORDS = 8192;

export class ReaderProcess implements DocumentReader {
  readonly #limits: ReadLimits;
  readonly #program: string;
  #child: Child | undefined;

  /** @param program the compiled child.ts */
  constructor(limits: ReadLimits = {}, program = programPath()) {
    this.#limits = limits;
    this.#program = program;
  }

  async read(bytes: Buffer, path: string, options: ReadOptions = {}): Promise<ReadDocument> {
    const { signal, ...asked } = options;
    throwIfCancelled(signal);
    const mostMs = 1000 * (this.#limits.seconds ?? SECONDS + (bytes.length / 1e6) * SECONDS_PER_MB);
    for (;;) {
      const child = (this.#child ??= await Child.start(this.#program, this.#memoryBytes));
      const isFresh = !child.isUsed;
      const outcome = await child.ask({ bytes, path, options: asked, mostMs }, signal);
      if (child.hasEnded || child.rssBytes > GROWN_SHARE * this.#memoryBytes) this.#drop();
      if (outcome instanceof SkipError) {
        // What files before it left behind may have been too much: it gets a process of its own.
        if (!isFresh && (outcome.code === 'crashed' || outcome.code === 'too_much_memory')) continue;
        throw outcome;
      }
      if (outcome instanceof Error) throw outcome;
      return outcome;
    }
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  #drop(): void {
    this.#child?.kill();
    this.#child = undefined;
  }

  get #memoryBytes(): number {
    return this.#limits.memoryBytes ?? Math.min(MEMORY_BYTES, totalmem() / 2);
  }
}

class Child {
  isUsed = false;
  hasEnded = false;
  /** Memory that it held after the last file. */
  rssBytes = 0;
  #words = '';
  readonly #process: ChildProcess;
  /** Replies that nobody has waited for yet. */
  #replies: Reply[] = [];
  /** What waits for the next one, or the end. */
  #wake: (() => void) | undefined;
  #ended = '';

  private constructor(program: string, mostBytes: number) {
    this.#process = fork(program, [String(mostBytes)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [`--max-old-space-size=${Math.max(64, Math.floor((HEAP_SHARE * mostBytes) / 2 ** 20))}`],
    });
    this.#process.stderr!.setEncoding('utf8').on('data', (words: string) => {
      this.#words = (this.#words + words).slice(-KEPT_WORDS);
    });
    this.#process.on('message', (reply: Reply) => {
      this.#replies.push(reply);
      this.#wake?.();
    });
    this.#process.on('error', (error) => {
      this.#end(error.message);
    });
    // Not "exit": what it said last comes before this.
    this.#process.on('close', (code, signal) => {
      this.#end(signal ?? `code ${code}`);
    });
  }

  /** Throws `native`. */
  static async start(program: string, mostBytes: number): Promise<Child> {
    const child = new Child(program, mostBytes);
    const reply = await child.#next(START_MS, undefined);
    if (!(reply instanceof Error)) {
      child.#setBusy(false);
      return child;
    }
    child.kill();
    throw new EngramError('native', `The process that reads files does not start: ${child.#words.trim()}`, {
      hint: 'Where a file of engram is missing, install it again; in a checkout `npm run build` makes it.',
      cause: reply,
    });
  }

  async ask(request: Request, signal: AbortSignal | undefined): Promise<ReadDocument | SkipError | EngramError> {
    this.isUsed = true;
    this.#setBusy(true);
    const chunks: Chunk[] = [];
    const until = performance.now() + Math.max(PATIENCE_MS, PATIENCE * request.mostMs);
    try {
      this.#process.send(request, () => undefined); // if it has ended, "close" says so
      for (;;) {
        const reply = await this.#next(until - performance.now(), signal);
        if (reply instanceof Error) return reply;
        if (reply.kind === 'chunks') chunks.push(...reply.chunks);
        else if (reply.kind !== 'ready') {
          this.rssBytes = reply.rssBytes;
          if (reply.kind === 'skipped') return new SkipError(reply.code, reply.message);
          return { ...reply.document, chunks };
        }
      }
    } finally {
      this.#setBusy(false);
    }
  }

  kill(): void {
    this.hasEnded = true;
    this.#process.kill('SIGKILL');
  }

  #next(waitMs: number, signal: AbortSignal | undefined): Promise<Reply | SkipError | EngramError> {
    return new Promise((resolve) => {
      const settle = (value: Reply | SkipError | EngramError): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        this.#wake = undefined;
        if (value instanceof Error) this.kill();
        resolve(value);
      };
      const look = (): void => {
        const reply = this.#replies.shift();
        if (reply !== undefined) settle(reply);
        else if (this.hasEnded) settle(this.#whyEnded());
      };
      const cancel = (): void => {
        settle(new EngramError('cancelled', 'Cancelled.', { cause: signal?.reason }));
      };
      const timer = setTimeout(
        () => {
          settle(new SkipError('too_slow', 'Its reader did nothing for too long.'));
        },
        Math.min(waitMs, 2 ** 31 - 1),
      );
      this.#wake = look;
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted === true) cancel();
      else look();
    });
  }

  #end(how: string): void {
    this.hasEnded = true;
    this.#ended = how;
    this.#wake?.();
  }

  #whyEnded(): SkipError {
    if (this.#words.includes(REASONS.too_slow)) return new SkipError('too_slow', 'To read it takes too long.');
    if (this.#words.includes(REASONS.too_much_memory) || this.#words.includes('heap out of memory')) {
      return new SkipError('too_much_memory', 'To read it takes too much memory.');
    }
    return new SkipError('crashed', `Its reader has crashed (${this.#ended}).`);
  }

  /** An idle one keeps no process alive. */
  #setBusy(isBusy: boolean): void {
    for (const one of [this.#process, this.#process.channel, this.#process.stderr as unknown as { ref?: () => void }]) {
      const handle = one as { ref?: () => void; unref?: () => void } | null | undefined;
      if (isBusy) handle?.ref?.();
      else handle?.unref?.();
    }
  }
}

/** From the sources, as tests run, the compiled one is taken. */
function programPath(): string {
  const beside = fileURLToPath(new URL('./child.js', import.meta.url));
  return existsSync(beside) ? beside : beside.replace(/([\\/])src([\\/]retrieval[\\/]apart[\\/])/u, '$1dist$2');
}
