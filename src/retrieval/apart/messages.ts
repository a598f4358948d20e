// What the process that reads files and the one that asks it say to each other.
import type { Chunk } from '../chunks.js';
import type { SkipCode } from '../readers/index.js';
import type { ReadDocument, ReadOptions } from './types.js';

export interface Request {
  bytes: Uint8Array;
  path: string;
  options: Omit<ReadOptions, 'signal'>;
  /** Milliseconds of computing. */
  mostMs: number;
}

export type Reply =
  | { kind: 'ready' }
  /** Some of the passages: one message with all of them would be held twice. */
  | { kind: 'chunks'; chunks: Chunk[] }
  | { kind: 'done'; document: Omit<ReadDocument, 'chunks'>; rssBytes: number }
  | { kind: 'skipped'; code: SkipCode; message: string; rssBytes: number };

/** What the watchdog writes to stderr before it ends the process. */
export const REASONS = { too_slow: 'engram: too slow', too_much_memory: 'engram: too much memory' } as const;
