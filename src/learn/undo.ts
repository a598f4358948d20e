// Taking back: what was changed last in a brain, or last about one memory, is made as it was before, as new events. An adapter
// that is needed again is trained again from the ledger. Not here: what is a change (the events of one time: events.ts).
import { EngramError, throwIfCancelled } from '../errors.js';
import type { Change } from '../brain/index.js';
import { applyEvents, type LedgerEvent, type StoredMemory } from '../brain/index.js';
import { findMemory } from '../brain/index.js';
import type { Memorizer } from './attempt-parts.js';
import { relearn } from './memorize.js';
import { isCareful } from './remembered.js';
import type { MemorizeProgress, Memory, Receipt } from '../brain/index.js';

export interface UndoOptions {
  onProgress?: ((progress: MemorizeProgress, memory: Memory) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What a memory has become, with the receipt of its training if it was trained again. */
export interface Undone {
  memory: Memory;
  receipt?: Receipt;
}

/**
 * Takes back the last change that is not itself an undoing: called again, the one before it. With a memory (an id or a text, in any
 * state): the last change about it, be it an undoing. Throws `not_found`, `usage` (several fit; a part of it was changed
 * since), `locked`, and as memorize() does.
 */
export function undo(parts: Memorizer, idOrText: string | undefined, options: UndoOptions = {}): Promise<Undone[]> {
  const { brain, generator } = parts;
  const { onProgress, signal } = options;
  return brain.write('undoing', async (writer) => {
    const id = idOrText === undefined ? undefined : findMemory(brain.memories(), idOrText).id;
    const { steps, undoes } = stepsBack(brain.history(), id);
    const forgotten = steps.filter(({ kind }) => kind === 'forgotten' || kind === 'superseded').map(({ id }) => id);
    const receipts = new Map<string, Receipt>();
    const changes: Change[] = [];
    for (const step of steps) {
      if (step.kind === 'forgotten' || step.kind === 'superseded') {
        changes.push({ ...step, undoes });
        continue;
      }
      const memory = brain.get(step.id)!;
      const asItWas = step.kind === 'rebuilt' ? { ...memory, data: step.data } : memory;
      const { receipt, data } = await relearn(parts, writer, asItWas, {
        inPlaceOf: forgotten,
        careful: isCareful(asItWas),
        signal,
        onProgress: (progress) => onProgress?.(progress, memory),
      });
      // It was asked for, so it is there; how well it holds the receipt says.
      const restored = { ...receipt, committed: true };
      receipts.set(step.id, restored);
      changes.push({ kind: step.kind, id: step.id, receipt: restored, data, undoes });
    }
    throwIfCancelled(signal);
    const rebuilt = steps.filter(({ kind }) => kind === 'rebuilt').map(({ id }) => id);
    for (const gone of [...forgotten, ...rebuilt]) await generator.releaseAdapter(brain.adapterPath(gone));
    await writer.change(changes);
    return steps.map((step) => {
      const receipt = receipts.get(step.id);
      return { memory: brain.get(step.id)!, ...(receipt === undefined ? {} : { receipt }) };
    });
  });
}

type Step = { id: string } & (
  | { kind: 'forgotten' }
  | { kind: 'superseded'; by: string }
  | { kind: 'restored' }
  /** It is remembered before and after, and was trained otherwise. */
  | { kind: 'rebuilt'; data: Record<string, unknown> }
);

/** What makes the memories of the last change as they were before it, and the id of an event of that change. */
function stepsBack(events: readonly LedgerEvent[], id?: string): { steps: Step[]; undoes: number } {
  const change = changeToUndo(events, id);
  if (change === undefined) {
    throw new EngramError('not_found', 'There is nothing to undo.', {
      hint: 'An undoing is taken back by naming its memory: `engram memories undo ID`.',
    });
  }
  const [first, last] = [change[0]!.id, change.at(-1)!.id];
  const before = memoriesAfter(events.filter((event) => event.id < first));
  const after = memoriesAfter(events.filter((event) => event.id <= last));
  const now = memoriesAfter(events);
  const steps: Step[] = [];
  for (const touched of new Set(change.map(({ memoryId }) => memoryId!))) {
    const [was, then, is] = [before.get(touched), after.get(touched), now.get(touched)];
    // Of a change of training alone the training counts; else it may have changed since.
    const isOther = was?.state === then?.state && !isTrainedAlike(then, is);
    if (then?.state !== is?.state || then?.supersededBy !== is?.supersededBy || isOther) {
      throw new EngramError('usage', `${touched} was changed again since: it is ${is?.state ?? 'gone'} now.`, {
        hint: `Undo that first: engram memories undo ${touched}`,
        details: { id: touched },
      });
    }
    if (was?.state === is?.state) {
      if (is?.state === 'remembered' && !isTrainedAlike(was, is)) {
        steps.push({ kind: 'rebuilt', id: touched, data: was?.data ?? {} });
      }
      continue;
    }
    if (was?.state === 'remembered') steps.push({ kind: 'restored', id: touched });
    else if (was?.state === 'superseded') steps.push({ kind: 'superseded', id: touched, by: was.supersededBy! });
    else steps.push({ kind: 'forgotten', id: touched });
  }
  return { steps, undoes: first };
}

/** Both plainly, or both with care. */
function isTrainedAlike(one: StoredMemory | undefined, other: StoredMemory | undefined): boolean {
  return isCareful(one) === isCareful(other);
}

/** The events of the change, oldest first. */
function changeToUndo(events: readonly LedgerEvent[], id: string | undefined): LedgerEvent[] | undefined {
  const undone = new Set<number>();
  // From the last one back: what undoes something is always later, so it is known by then whether it counts.
  for (const change of changes(events).reverse()) {
    if (change.some((event) => undone.has(event.id))) continue;
    const undoes = change.map(undoneBy).find((event) => event !== undefined);
    if (undoes !== undefined) undone.add(undoes);
    const isMeant = id === undefined ? undoes === undefined : change.some(({ memoryId }) => memoryId === id);
    if (isMeant) return change;
  }
  return undefined;
}

/** What people did, each as the events it was written in. */
function changes(events: readonly LedgerEvent[]): LedgerEvent[][] {
  const byTime = new Map<string, LedgerEvent[]>();
  for (const event of events) {
    const isRepair = event.kind === 'rebuilt' && undoneBy(event) === undefined;
    if (isRepair || ['created', 'rolled_back', 'moved'].includes(event.kind)) continue;
    const change = byTime.get(event.time);
    if (change === undefined) byTime.set(event.time, [event]);
    else change.push(event);
  }
  return [...byTime.values()];
}

function undoneBy({ payload }: LedgerEvent): number | undefined {
  return 'undoes' in payload ? payload.undoes : undefined;
}

function memoriesAfter(events: readonly LedgerEvent[]): Map<string, StoredMemory> {
  const memories = new Map<string, StoredMemory>();
  applyEvents(memories, events);
  return memories;
}
