// The events of a brain and what follows from them: the memories as they are now. Pure; not here: where events are kept
// (ledger.ts) and the files that belong to them (brain.ts).
import { EngramError } from '../errors.js';
import type { Memory, Receipt } from './types.js';

/** The base model a brain is bound to. */
export interface ModelIdentity {
  /** For people; a renamed file with the same bytes is the same model. */
  name: string;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** The adapter file of one memory, as it was when its event was written. */
export interface AdapterRecord {
  sha256: string;
  bytes: number;
}

/** What a memory was made from and what it needs to answer; enough to train it anew. */
export interface RememberedPayload {
  text: string;
  question?: string;
  answer?: string;
  receipt: Receipt;
  adapter: AdapterRecord;
  /** What the gate and the recipe want kept: wordings, thresholds. JSON; the ledger does not look inside. */
  data?: Record<string, unknown>;
}

export type EventBody =
  | { kind: 'created'; memoryId: null; payload: { model: ModelIdentity } }
  | { kind: 'remembered'; memoryId: string; payload: RememberedPayload }
  | { kind: 'superseded'; memoryId: string; payload: { by: string } }
  | { kind: 'forgotten'; memoryId: string; payload: { reason?: string } }
  | { kind: 'restored'; memoryId: string; payload: { receipt?: Receipt; adapter: AdapterRecord } }
  | {
      kind: 'rolled_back';
      memoryId: string;
      payload: { text: string; question?: string; answer?: string; receipt: Receipt };
    };

export type EventKind = EventBody['kind'];

/** `id` grows by time; `time` is ISO 8601 in UTC. */
export type LedgerEvent = EventBody & { id: number; time: string };

export const EVENT_KINDS = [
  'created',
  'remembered',
  'superseded',
  'forgotten',
  'restored',
  'rolled_back',
] as const satisfies readonly EventKind[];

/** A memory with what the runtime needs beside what a person sees. */
export interface StoredMemory extends Memory {
  /** The adapter that holds it; undefined once superseded or forgotten, when its file is deleted too. */
  adapter?: AdapterRecord;
  data?: Record<string, unknown>;
  /** Id of the memory that took its place. */
  supersededBy?: string;
}

/** Applies events, in order, to the memories they speak of. Throws `corrupt` when one cannot follow from those before. */
export function applyEvents(memories: Map<string, StoredMemory>, events: Iterable<LedgerEvent>): void {
  for (const event of events) {
    switch (event.kind) {
      case 'created':
      case 'rolled_back': // history only: the brain answers as before
        break;
      case 'remembered': {
        const { text, question, answer, receipt, adapter, data } = event.payload;
        memories.set(event.memoryId, {
          id: event.memoryId,
          text,
          ...(question === undefined ? {} : { question }),
          ...(answer === undefined ? {} : { answer }),
          createdAt: event.time,
          state: 'remembered',
          receipt,
          adapter,
          ...(data === undefined ? {} : { data }),
        });
        break;
      }
      case 'superseded': {
        const memory = named(memories, event);
        memory.state = 'superseded';
        memory.supersededBy = event.payload.by;
        delete memory.adapter;
        break;
      }
      case 'forgotten': {
        const memory = named(memories, event);
        memory.state = 'forgotten';
        delete memory.adapter;
        break;
      }
      case 'restored': {
        const memory = named(memories, event);
        memory.state = 'remembered';
        memory.adapter = event.payload.adapter;
        if (event.payload.receipt !== undefined) memory.receipt = event.payload.receipt;
        delete memory.supersededBy;
        break;
      }
    }
  }
}

function named(memories: Map<string, StoredMemory>, event: LedgerEvent & { memoryId: string }): StoredMemory {
  const memory = memories.get(event.memoryId);
  if (memory !== undefined) return memory;
  throw new EngramError('corrupt', `Event ${event.id} speaks of ${event.memoryId}, which was never remembered.`);
}
