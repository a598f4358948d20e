// What changes, told to everybody who listens: memories, jobs, runs, documents. Not here: sending it (routes.ts).

export interface ServerEvent {
  /** Such as `memory.remembered`. */
  type: string;
  [field: string]: unknown;
}

export class Events {
  readonly #listeners = new Set<(event: ServerEvent) => void>();

  emit(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns what ends the listening. */
  listen(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
