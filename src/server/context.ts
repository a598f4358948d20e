// What every route works with. Not here: making it (server.ts).
import type { Engine } from './engine.js';
import type { Metrics } from './metrics.js';
import type { FairQueue } from './queue.js';
import type { Events } from './own/events.js';

export interface ServerOptions {
  /** Most tokens of an answer to a request that names no number. Default: what the context leaves. */
  maxTokens?: number | undefined;
  /** Other names of models: `gpt-4o-mini` → `brain:work`. */
  aliases: Readonly<Record<string, string>>;
  /** Between two signs of life. Default 15 s. */
  heartbeatMs?: number;
}

export interface Context {
  engine: Engine;
  /** Of answers. */
  answers: FairQueue;
  /** Of what takes long: trainings, memories, ingests, one after the other. */
  jobs: FairQueue;
  metrics: Metrics;
  options: ServerOptions;
  /** What others are told of as it changes. */
  events: Events;
  version: string;
  startedAt: number;
  /** Aborted when the server begins to end: streams of what may change have nothing more to say. */
  closing: AbortSignal;
  /** Aborted when what is still under way is broken off. */
  stopping: AbortSignal;
  log: (fields: Record<string, unknown>) => void;
}
