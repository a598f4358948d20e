// What the rest of the code knows of embeddings. Not here: the libraries that make them (transformers.js in tokenizer.ts,
// onnxruntime in worker.mjs).

/** What a text is for. Models that were trained for search put another prefix before a query than before a passage. */
export type TextKind = 'query' | 'passage';

export interface EmbedOptions {
  /** Default passage: what a text is compared as where nothing is searched for. */
  kind?: TextKind | undefined;
  /** A text with more tokens than the model reads is cut into windows, whose vectors are averaged by their length. Default: as
   * many as it needs; with 1 only the beginning counts. */
  maxWindows?: number | undefined;
  /** Called as texts are done, in whatever order. */
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Embedder {
  /** Names the model and how it is run: vectors of different ids must not be compared. */
  readonly id: string;
  readonly dimensions: number;
  /** One vector for each text, in order; of length 1, unless the model's card says otherwise. The same text gives the same
   * vector alone or in a batch (to 1e-5). An empty text has a vector too. Nothing of it runs on the event loop but the
   * tokenizer, a few milliseconds at a time. Throws `cancelled`, between batches; `usage` once it has been closed; `corrupt` for
   * weights that give no numbers. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
  /** Frees the model; what is being embedded then throws `usage`. */
  close(): Promise<void>;
}
