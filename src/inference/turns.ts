// Who may compute: so many actions of one kind at the same time, those of different kinds one after the other, in the order
// in which they came. Not here: what they do.

interface Waiting {
  kind: string | undefined;
  start: () => void;
}

export class Turns {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #kind: string | undefined;
  #idle: (() => void)[] = [];

  /** `most`: how many of one kind run at the same time. */
  constructor(private readonly most = 1) {}

  /** Runs an action in its turn; one of kind undefined runs alone. */
  run<T>(kind: string | undefined, action: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = (): void => {
        this.#running++;
        this.#kind = kind;
        action()
          .then(resolve, reject)
          .finally(() => {
            this.#running--;
            this.#next();
          });
      };
      this.#waiting.push({ kind, start });
      this.#next();
    });
  }

  /** When everything that was begun has ended. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) break;
      const joins = first.kind !== undefined && first.kind === this.#kind && this.#running < this.most;
      if (this.#running > 0 && !joins) return;
      this.#waiting.shift();
      first.start();
    }
    if (this.#running > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
