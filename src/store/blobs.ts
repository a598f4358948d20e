// Where the bytes of adapters are, when they are not in the database: files by their keys, each put once and never changed. Not here:
// which of them count (store.ts: a row of the database says so), and a protocol (s3.ts).

export interface Blobs {
  /** Where they are, for messages. */
  readonly place: string;
  /** There for good when this returns; again is no fault. Throws `network`, `usage` (keys, no such bucket). */
  put(key: string, data: Uint8Array): Promise<void>;
  /** Undefined where there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** What is not there is no fault. */
  remove(key: string): Promise<void>;
}
