// The brake of a run that is under way: pause it, let it go on. Not here: ending it, which an AbortSignal does.

export class RunControl {
  #paused: { promise: Promise<void>; release: () => void } | undefined;

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** The run stops after the step it is in, writes a checkpoint and waits. Pausing twice is pausing once. */
  pause(): void {
    if (this.#paused !== undefined) return;
    let release = (): void => undefined;
    const promise = new Promise<void>((resolve) => (release = resolve));
    this.#paused = { promise, release };
  }

  resume(): void {
    this.#paused?.release();
    this.#paused = undefined;
  }

  /** Settles when nothing is paused (any more), or the signal is aborted. */
  async wait(signal?: AbortSignal): Promise<void> {
    while (this.#paused !== undefined && signal?.aborted !== true) {
      const stop = new AbortController();
      const aborted = new Promise<void>((resolve) => {
        signal?.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true, signal: stop.signal },
        );
      });
      await Promise.race([this.#paused.promise, aborted]);
      stop.abort();
    }
  }
}
