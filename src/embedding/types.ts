// What the rest of the code knows of embeddings. Not here: the library that makes them (see transformers.ts).

export interface Embedder {
  /** Names the model and how it is run: vectors of different ids must not be compared. */
  readonly id: string;
  readonly dimensions: number;
  /** Unit vectors, one for each text, in order. The same text gives the same vector alone or in a batch (to 1e-5). An empty
   * text has a vector too; of a long one only the beginning counts. Throws `cancelled`; `usage` once it has been closed;
   * `corrupt` for weights that give no numbers. */
  embed(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Float32Array[]>;
  /** Frees the model; what is being embedded then throws `usage`. */
  close(): Promise<void>;
}
