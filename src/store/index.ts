// Shared brains in PostgreSQL, as the rest of the code sees them.
export type { Database, Queries, Row } from './database.js';
export type { Blobs } from './blobs.js';
export { openS3, readBucket } from './s3.js';
export { readAddress } from './postgres.js';
export { setUp, STORE_VERSION } from './schema.js';
export { Jobs, MOST_ATTEMPTS, type Job, type JobState, type NewJob } from './jobs.js';
export {
  openStore,
  Store,
  type Also,
  type Commit,
  type NewEvent,
  type StoredBrain,
  type StoredEvent,
} from './store.js';
