// Who is next: a bounded queue with so many places at work, fair between callers: of those that wait, each gets its turn before
// anybody gets a second one. Not here: what is done in a turn.
import { AbortError } from '../errors.js';
import { overloaded } from './errors.js';

interface Waiting {
  caller: string;
  start: () => void;
  onPlace: ((place: number) => void) | undefined;
}

export interface TurnOptions {
  caller: string;
  signal?: AbortSignal | undefined;
  /** Called with the place in line, from 1, whenever it changes. */
  onPlace?: ((place: number) => void) | undefined;
}

export class FairQueue {
  readonly #width: number;
  readonly #most: number;
  readonly #waiting: Waiting[] = [];
  readonly #served = new Map<string, number>();
  #turns = 0;
  #running = 0;

  /** `width`: how many run at the same time; `most`: how many may wait. */
  constructor(width: number, most: number) {
    this.#width = width;
    this.#most = most;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether the next one would be refused. */
  get isFull(): boolean {
    return this.#running >= this.#width && this.#waiting.length >= this.#most;
  }

  /** Throws `overloaded` when nobody more may wait, and `cancelled` when the signal is aborted before the turn comes. */
  async run<T>({ caller, signal, onPlace }: TurnOptions, action: () => Promise<T>): Promise<T> {
    await this.#turn(caller, signal, onPlace);
    try {
      return await action();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #turn(caller: string, signal: AbortSignal | undefined, onPlace: TurnOptions['onPlace']): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(new AbortError());
    if (this.#running < this.#width && this.#waiting.length === 0) {
      this.#begin(caller);
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#most) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
        reject(new AbortError());
        this.#tellPlaces();
      };
      const one: Waiting = {
        ...{ caller, onPlace },
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(one);
      this.#tellPlaces();
    });
  }

  #begin(caller: string): void {
    this.#running++;
    this.#served.set(caller, ++this.#turns);
  }

  #next(): void {
    while (this.#running < this.#width && this.#waiting.length > 0) {
      // The one who was served longest ago; among equals who came first.
      const next = this.#order()[0]!;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#begin(next.caller);
      next.start();
    }
    if (this.#waiting.length === 0 && this.#running === 0) this.#served.clear();
    this.#tellPlaces();
  }

  /** Those that wait in the order of their turns, as things stand. */
  #order(): Waiting[] {
    const rounds = new Map<string, number>();
    const ranked = this.#waiting.map((one, at) => {
      const round = rounds.get(one.caller) ?? 0;
      rounds.set(one.caller, round + 1);
      return { one, round, served: this.#served.get(one.caller) ?? 0, at };
    });
    return ranked.sort((a, b) => a.round - b.round || a.served - b.served || a.at - b.at).map(({ one }) => one);
  }

  #tellPlaces(): void {
    this.#order().forEach(({ onPlace }, at) => onPlace?.(at + 1));
  }
}
