// How much the server takes from outside, in one place. Not here: where each is counted.

export const MIB = 2 ** 20;

export const LIMITS = {
  /** Bytes of a JSON body; of an uploaded file. */
  jsonBytes: 16 * MIB,
  uploadBytes: 512 * MIB,
  /** Bytes of one line of an uploaded data set. */
  lineBytes: 4 * MIB,
  headerBytes: 16 * 1024,
  /** Objects and lists within one another. */
  jsonDepth: 64,
  /** Answers to one request. */
  choices: 8,
  messages: 4096,
  stops: 16,
  stopLength: 256,
  tools: 128,
  /** Characters of a schema or a grammar. */
  schemaLength: 64 * 1024,
  schemaDepth: 16,
  logitBias: 1024,
  embeddingInputs: 2048,
  prompts: 16,
  /** Token ids in place of a text. */
  promptIds: 131_072,
  /** Who waits for an answer, and for a long job. */
  queue: 32,
  jobs: 32,
  connections: 256,
  headersMs: 15_000,
  requestMs: 60_000,
  uploadMs: 600_000,
  keepAliveMs: 75_000,
  /** Between two signs of life of an answer that is under way. */
  heartbeatMs: 15_000,
  /** Bytes that a slow reader may leave unread, and for how long. */
  unreadBytes: 4 * MIB,
  unreadMs: 60_000,
  /** Kept responses of /v1/responses, and uploaded files. */
  responses: 1000,
  files: 1000,
  /** Bytes that have to be free on the disk before anything is taken. */
  spareBytes: 64 * MIB,
  /** How long a shutdown waits for answers that are under way. */
  graceMs: 10_000,
} as const;
