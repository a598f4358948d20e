// The events of a brain and what follows from them: the memories as they are now. Pure; not here: where events are kept
// (ledger.ts) and the files that belong to them (brain.ts).
import { EngramError } from '../errors.js';
import type { Memory, Receipt, Standing } from './types.js';

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
  /** Counts the files made for this memory after its first, which is 0 and not written: a file never changes, so an adapter that
   * is trained anew is another file. */
  revision?: number;
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

/** What comes of training a memory anew from the ledger. */
export interface Retrained {
  receipt?: Receipt;
  adapter: AdapterRecord;
  /** Left out: as it was. */
  data?: Record<string, unknown>;
}

interface Undoing {
  /** Id of an event of the change that is taken back by this one. */
  undoes?: number;
}

export type EventBody =
  | { kind: 'created'; memoryId: null; payload: { model: ModelIdentity } }
  | { kind: 'remembered'; memoryId: string; payload: RememberedPayload }
  | { kind: 'superseded'; memoryId: string; payload: { by: string } & Undoing }
  | { kind: 'forgotten'; memoryId: string; payload: { reason?: string } & Undoing }
  | { kind: 'restored'; memoryId: string; payload: Retrained & Undoing }
  | { kind: 'rebuilt'; memoryId: string; payload: Retrained & Undoing }
  /** Trained again with care, in sleep; how it stood before and after. */
  | { kind: 'consolidated'; memoryId: string; payload: Retrained & { before: Standing; after: Standing } }
  | {
      kind: 'rolled_back';
      memoryId: string;
      payload: { text: string; question?: string; answer?: string; receipt: Receipt };
    }
  /** The brain goes over to another base model; the memories whose adapters were trained on it follow as `rebuilt`. */
  | { kind: 'moved'; memoryId: null; payload: { model: ModelIdentity } };

export type EventKind = EventBody['kind'];

/** `id` grows by time; `time` is ISO 8601 in UTC. Events written in one transaction, and no others, have the same time. */
export type LedgerEvent = EventBody & { id: number; time: string };

export const EVENT_KINDS = [
  'created',
  'remembered',
  'superseded',
  'forgotten',
  'restored',
  'rebuilt',
  'consolidated',
  'rolled_back',
  'moved',
] as const satisfies readonly EventKind[];

/** A memory with what the runtime needs beside what a person sees. */
export interface StoredMemory extends Memory {
  /** The adapter that holds it; undefined once superseded or forgotten, when its file is deleted too, and in a brain that was
   * moved to a model that it could not be trained on. */
  adapter?: AdapterRecord;
  data?: Record<string, unknown>;
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
      case 'restored':
      case 'rebuilt':
      case 'consolidated': {
        const { adapter, receipt, data } = event.payload;
        const memory = named(memories, event);
        memory.state = 'remembered';
        memory.adapter = adapter;
        if (receipt !== undefined) memory.receipt = receipt;
        if (data !== undefined) memory.data = data;
        delete memory.supersededBy;
        break;
      }
      case 'moved': // what was trained on another model is of no use
        for (const memory of memories.values()) delete memory.adapter;
        break;
    }
  }
}

function named(memories: Map<string, StoredMemory>, event: LedgerEvent & { memoryId: string }): StoredMemory {
  const memory = memories.get(event.memoryId);
  if (memory !== undefined) return memory;
  throw new EngramError('corrupt', `Event ${event.id} speaks of ${event.memoryId}, which was never remembered.`);
}
