// The transaction of memory: lessons, an attempt to learn them, then commit or roll back, with a receipt; and learning again what
// the ledger has. Not here: the lessons (lessons/), the attempt (attempt.ts), the files and events (brain.ts).
import { throwIfCancelled } from '../errors.js';
import type { Attempted, AttemptOptions, Memorizer, Place } from './attempt-parts.js';
import { Attempt, whoRemembers } from './attempt.js';
import type { Brain, BrainMemory } from '../brain/index.js';
import type { BrainWriter } from '../brain/index.js';
import { changedBy } from './changes.js';
import { lessonsFor, textOf, type Lessons } from './lessons/index.js';
import { inputOf, probesOf } from './remembered.js';
import type { Contradiction, MemoryInput, Receipt } from '../brain/index.js';

export interface MemorizeOptions extends AttemptOptions {
  /** Memories whose place this one takes, in the same transaction: their ids; those that no longer hold (`auto`); or what a
   * function chooses of those. Default `none`: the receipt names them, and they stay. */
  replaces?: Replaces;
}

export type Replaces =
  'auto' | 'none' | readonly string[] | ((contradicted: readonly Contradiction[]) => Promise<readonly string[]>);

/**
 * Learns one memory and commits it if it holds; otherwise the brain is as it was and the receipt says why. Throws `empty`,
 * `too_long`, `not_found` (what it should replace is not remembered),
 * `cancelled`, `diverged`, `disk`, `memory`.
 */
export async function memorize(parts: Memorizer, input: MemoryInput, options: MemorizeOptions = {}): Promise<Receipt> {
  const { brain, generator } = parts;
  const text = textOf(input);
  const learned = async (writer: BrainWriter): Promise<Receipt> => {
    // Before any lessons: who goes on with a long file has most of it already.
    const twin = twinOf(brain, text, options.replaces);
    if (twin !== undefined) return receiptOfTwin(writer.newId(text), twin);
    const lessons = lessonsFor(input);
    const { replaced, contradicted } = await replacedBy(parts, lessons, options);
    const id = writer.newId(text);
    const place: Place = {
      id,
      path: writer.newAdapterPath(id),
      without: new Set(replaced.map((memory) => memory.id)),
      always: replaced.length > 0,
      replaced: replaced.flatMap(probesOf),
    };
    const { receipt: measured, data } = await new Attempt(parts, lessons, options, place).run();
    const receipt: Receipt = {
      ...measured,
      ...(contradicted.length === 0 ? {} : { contradicts: contradicted }),
    };
    const { question, answer } = lessons;
    const said = { text, ...(question === undefined ? {} : { question }), ...(answer === undefined ? {} : { answer }) };
    throwIfCancelled(options.signal);
    if (receipt.committed) {
      options.onProgress?.({ phase: 'commit' });
      for (const old of replaced) await generator.releaseAdapter(brain.adapterPath(old.id));
      const supersedes = replaced.map((old) => old.id);
      if (supersedes.length > 0) receipt.supersedes = supersedes;
      await writer.remember({ id, ...said, receipt, data, supersedes });
    } else if (receipt.steps > 0) {
      await generator.releaseAdapter(place.path);
      await writer.rollBack({ id, ...said, receipt });
    }
    return receipt;
  };
  // A second one waits for its turn, in another process too.
  const { signal, onProgress } = options;
  return brain.write('memorizing', learned, { signal, onWait: (who) => onProgress?.({ phase: 'wait', who }) });
}

/** A memory of the same text that is whole and stays. */
function twinOf(brain: Brain, text: string, replaces: Replaces = 'none'): BrainMemory | undefined {
  const replaced = typeof replaces === 'object' ? replaces.map((idOrText) => brain.find(idOrText).id) : [];
  return brain
    .byText(text)
    .find(({ id, state, damaged }) => state === 'remembered' && damaged === undefined && !replaced.includes(id));
}

/** Nothing was asked: it stands as it stood when it was learned. */
function receiptOfTwin(id: string, twin: BrainMemory): Receipt {
  const recall = twin.receipt?.recall.after ?? 1;
  return {
    id,
    loss: { before: 0, after: 0 },
    recall: { before: recall, after: recall },
    unrelated: { kept: 0, asked: 0 },
    seconds: 0,
    steps: 0,
    tokens: 0,
    flop: 0,
    committed: false,
    knownBy: [twin.id],
    probes: [],
    reason: `${whoRemembers([twin.id])} says this already, so there is nothing to train.`,
  };
}

/** Trains a memory anew from what the ledger has of it, as if it were not there, into newAdapterPath(id); the writer is the
 * caller's, and so is the commit. `inPlaceOf`: memories that will be gone when it is back; `careful`: until it is held more surely. */
export function relearn(
  parts: Memorizer,
  writer: BrainWriter,
  memory: Pick<BrainMemory, 'id' | 'text' | 'question' | 'answer' | 'data'>,
  {
    inPlaceOf = [],
    careful = false,
    ...options
  }: AttemptOptions & { inPlaceOf?: readonly string[]; careful?: boolean } = {},
): Promise<Attempted> {
  return new Attempt(parts, lessonsFor(inputOf(memory)), options, {
    id: memory.id,
    path: writer.newAdapterPath(memory.id),
    without: new Set([memory.id, ...inPlaceOf]),
    always: true,
    replaced: [],
    careful,
  }).run();
}

/** The memories that are to be replaced, and what is contradicted and stays. A damaged memory of the same text is replaced too. */
async function replacedBy(
  parts: Memorizer,
  lessons: Lessons,
  { replaces = 'none', signal }: MemorizeOptions,
): Promise<{ replaced: BrainMemory[]; contradicted: Contradiction[] }> {
  const { brain } = parts;
  const found = await changedBy(parts, lessons, signal);
  const chosen =
    replaces === 'none'
      ? []
      : replaces === 'auto'
        ? found.map(({ id }) => id)
        : typeof replaces === 'function'
          ? await replaces(found)
          : replaces;
  const damaged = brain
    .byText(lessons.text)
    .filter(({ state, damaged }) => state === 'remembered' && damaged !== undefined);
  const replaced = new Set([...chosen.map((idOrText) => brain.find(idOrText)), ...damaged]);
  return {
    replaced: [...replaced],
    contradicted: found.filter(({ id }) => ![...replaced].some((old) => old.id === id)),
  };
}
