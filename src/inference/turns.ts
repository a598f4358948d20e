// Runs one action after the other. An action may return before all it began has ended; the next one waits for that too.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** `defer` names what must end before the next action begins. */
  run<T>(action: (defer: (rest: Promise<unknown>) => void) => Promise<T>): Promise<T> {
    const rests: Promise<unknown>[] = [];
    const result = this.#last.then(() => action((rest) => rests.push(rest)));
    this.#last = result.then(
      () => Promise.allSettled(rests),
      () => Promise.allSettled(rests),
    );
    return result;
  }

  /** When everything that was begun has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
