// Sleep: what was learned fast is trained again with care, beside everyday questions and those near it, while there is time. A
// memory changes over only if it then stands at least as well in everything and better in something. Each is a transaction of
// its own, so sleep can end at any moment. Not here: the training (memorize.ts), what is asked (standing.ts), passages that become
// memories (passage-sleep.ts).
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { EngramError, throwIfCancelled } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import type { Brain, BrainMemory } from './brain.js';
import type { BrainWriter } from './brain-writer.js';
import { lessonsFor } from './lessons/index.js';
import { relearn, type Memorizer } from './memorize.js';
import { neighbourhoodOf } from './neighbourhood.js';
import { learnPassage, type PassageOutcome, type PassagePlan } from './passage-sleep.js';
import { renew, type RebuildProgress } from './rebuild.js';
import { besideOf, inputOf } from './remembered.js';
import type { GateData } from './router.js';
import { isBetter, isFull, standingOf } from './standing.js';
import type { MemorizeProgress, Standing } from './types.js';

export interface SleepOptions {
  /** After so long no further memory is begun. Default: no limit. */
  minutes?: number | undefined;
  /** Say what would be done, and do nothing. Default false. */
  dryRun?: boolean | undefined;
  /** Also those that an earlier sleep gained nothing for, which are left out as long as their adapter is the same. Default
   * false. */
  again?: boolean | undefined;
  /** Passages that answered several questions: they are learned when the memories are done, each once. Default none. */
  passages?: readonly PassagePlan[] | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** What became of a memory, as soon as it is known. */
  onOutcome?: ((outcome: SleepOutcome) => void) | undefined;
  onPassage?: ((outcome: PassageOutcome) => void) | undefined;
  /** Aborting ends sleep with the report: what is done stays, the memory in work is as it was. */
  signal?: AbortSignal | undefined;
}

/** A memory that is due: its adapter is damaged, its receipt says that it is not always recalled, or it was never trained with
 * care. */
export interface SleepPlan {
  id: string;
  text: string;
  why: 'damaged' | 'weak' | 'new';
}

export interface SleepOutcome extends SleepPlan {
  /** `lost`: it was damaged and could not be trained again. */
  became: 'consolidated' | 'unchanged' | 'lost';
  /** Its adapter was damaged and is whole again. */
  mended: boolean;
  /** Why it is unchanged or lost. */
  reason?: string;
  before?: Standing;
  /** Of what was trained, also where it was not better. */
  after?: Standing;
  seconds: number;
}

export interface SleepReport {
  /** All that was due, in order: damaged, weak, new. */
  due: SleepPlan[];
  /** Those that were tended to. */
  memories: SleepOutcome[];
  consolidated: number;
  unchanged: number;
  mended: number;
  lost: number;
  /** Passages that were due, and what those became that were tended to. */
  passages: { due: PassagePlan[]; learned: PassageOutcome[] };
  ended: 'done' | 'time' | 'interrupted' | 'dry run';
  seconds: number;
}

/** Throws `usage`, and what would meet every memory (`locked`, `disk`, `memory`) with the report so far as `details.report`. */
export async function sleep(parts: Memorizer, options: SleepOptions = {}): Promise<SleepReport> {
  const { minutes = Infinity, dryRun = false, again = false, signal } = options;
  if (!(minutes > 0)) throw new EngramError('usage', `Expected more than 0 minutes but received ${minutes}.`);
  const started = performance.now();
  const { brain } = parts;
  const tried = await readTried(brain);
  const due = await planOf(brain, again ? new Map() : tried);
  const read = (options.passages ?? []).filter(({ text }) => again || !tried.has(passageKey(text)));
  const memories: SleepOutcome[] = [];
  const learned: PassageOutcome[] = [];
  const report = (ended: SleepReport['ended']): SleepReport => {
    const count = (became: SleepOutcome['became']) => memories.filter((one) => one.became === became).length;
    return {
      ...{ due, memories, consolidated: count('consolidated'), unchanged: count('unchanged'), lost: count('lost') },
      ...{ mended: memories.filter(({ mended }) => mended).length, passages: { due: read, learned }, ended },
      seconds: (performance.now() - started) / 1000,
    };
  };
  if (dryRun) return report('dry run');
  const of = due.length + read.length;
  const tendTo = async (plan: SleepPlan, done: number): Promise<void> => {
    const begun = performance.now();
    // A lock for each memory, not for the night: others may memorize in between.
    const tended = await brain.write('sleeping', (writer) =>
      tend(parts, writer, plan, {
        signal,
        onProgress: (step, memory) => options.onProgress?.({ memory, done, of, step }),
      }),
    );
    const outcome = { ...plan, ...tended, seconds: (performance.now() - begun) / 1000 };
    memories.push(outcome);
    const hash = brain.get(plan.id)?.adapter?.sha256;
    if (hash !== undefined && outcome.became !== 'lost') await writeTried(brain, tried.set(plan.id, hash));
    options.onOutcome?.(outcome);
  };
  const learnFrom = async (plan: PassagePlan, done: number): Promise<void> => {
    const memory = { id: plan.place, text: plan.text };
    const outcome = await learnPassage(parts, plan, {
      signal,
      onProgress: (step) => options.onProgress?.({ memory, done, of, step }),
    });
    learned.push(outcome);
    const key = passageKey(plan.text);
    await writeTried(brain, tried.set(key, key));
    options.onPassage?.(outcome);
  };
  const tasks = [
    ...due.map((plan, done) => () => tendTo(plan, done)),
    ...read.map((plan, i) => () => learnFrom(plan, due.length + i)),
  ];
  for (const task of tasks) {
    if (signal?.aborted === true) return report('interrupted');
    if (performance.now() - started >= minutes * 60_000) return report('time');
    try {
      await task();
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      const { code, message, hint, details } = error;
      const partly = details?.['outcome'] as PassageOutcome | undefined;
      if (partly !== undefined) learned.push(partly);
      if (code === 'cancelled') return report('interrupted');
      throw new EngramError(code, message, {
        hint,
        cause: error,
        details: { ...details, report: report('interrupted') },
      });
    }
  }
  return report('done');
}

async function planOf(brain: Brain, tried: ReadonlyMap<string, string>): Promise<SleepPlan[]> {
  const damaged = new Set((await brain.check()).map(({ id }) => id));
  const due = { damaged: [] as BrainMemory[], weak: [] as BrainMemory[], new: [] as BrainMemory[] };
  for (const memory of brain.memories()) {
    if (memory.state !== 'remembered') continue;
    if (damaged.has(memory.id)) due.damaged.push(memory);
    else if (tried.get(memory.id) === memory.adapter?.sha256) continue;
    else if (shareHeld(memory) < 1) due.weak.push(memory);
    else if (besideOf(memory) === undefined) due.new.push(memory);
  }
  due.weak.sort((a, b) => shareHeld(a) - shareHeld(b));
  // Those that were learned least come first, in case time is short.
  due.new.sort((a, b) => (b.receipt?.loss.after ?? 0) - (a.receipt?.loss.after ?? 0));
  return (['damaged', 'weak', 'new'] as const).flatMap((why) => due[why].map(({ id, text }) => ({ id, text, why })));
}

function shareHeld({ receipt }: BrainMemory): number {
  return receipt === undefined ? 1 : (receipt.recall.after + receipt.paraphrase.after) / 2;
}

/** Mends, measures, trains, measures again, and commits what is better. */
async function tend(
  parts: Memorizer,
  writer: BrainWriter,
  { id, why }: SleepPlan,
  options: {
    signal: AbortSignal | undefined;
    onProgress: (progress: MemorizeProgress, memory: BrainMemory) => void;
  },
): Promise<Pick<SleepOutcome, 'became' | 'mended' | 'reason' | 'before' | 'after'>> {
  const { brain, generator, router } = parts;
  const found = brain.get(id);
  if (found?.state !== 'remembered') {
    return { became: 'unchanged', mended: false, reason: `It is ${found?.state ?? 'gone'} now.` };
  }
  const onProgress = (progress: MemorizeProgress): void => {
    options.onProgress(progress, found);
  };
  const { signal } = options;
  const given = { onProgress, signal };
  const mended = why === 'damaged';
  if (mended) {
    const outcome = await renew(parts, writer, found, true, onProgress, signal);
    if ('reason' in outcome) return { became: 'lost', mended: false, reason: outcome.reason };
  }

  const memory = brain.held(id);
  const { questions: near, others } = await neighbourhoodOf(parts, memory, signal);
  const { recall, paraphrase } = lessonsFor(inputOf(memory));
  const standing = (phase: 'probe-before' | 'probe-after', at: Parameters<typeof standingOf>[2]): Promise<Standing> =>
    standingOf(parts, { recall, paraphrase, near, others }, at, {
      ...given,
      onProgress: (progress) => {
        onProgress({ phase, ...progress });
      },
    });
  const old = brain.adapterPath(id);
  const before = await standing('probe-before', { id, adapterPath: old });
  if (isFull(before)) return { became: 'unchanged', mended, reason: 'There is nothing to gain.', before };

  const path = writer.newAdapterPath(id);
  try {
    const careful = { ...memory, data: { ...memory.data, beside: near } };
    const { receipt, data } = await relearn(parts, writer, careful, given);
    throwIfCancelled(signal);
    if (!receipt.committed) {
      return { became: 'unchanged', mended, reason: receipt.reason ?? 'It does not hold.', before };
    }
    const entry = await router.entry(id, data['gate'] as GateData, signal);
    const after = await standing('probe-after', { id, adapterPath: path, candidate: { entry, adapterPath: path } });
    if (!isBetter(after, before)) {
      return { became: 'unchanged', mended, reason: 'Trained with care it is no better in all.', before, after };
    }
    throwIfCancelled(signal);
    onProgress({ phase: 'commit' });
    await generator.releaseAdapter(old);
    await writer.consolidate(id, { receipt, data, before, after });
    return { became: 'consolidated', mended, before, after };
  } finally {
    // Not committed, its file is one that no event names, and is deleted when the write ends.
    await generator.releaseAdapter(path);
  }
}

/** Names a passage among what sleep was tried on. */
function passageKey(text: string): string {
  return `passage ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** What sleep was tried on, by id: the hash of the adapter that it left; and passages. Only saves time: what cannot be read was not tried. */
async function readTried(brain: Brain): Promise<Map<string, string>> {
  try {
    const kept: unknown = JSON.parse(await readFile(triedPath(brain), 'utf8'));
    const entries = typeof kept === 'object' && kept !== null ? Object.entries(kept) : [];
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return new Map();
  }
}

async function writeTried(brain: Brain, tried: ReadonlyMap<string, string>): Promise<void> {
  await writeFileAtomic(triedPath(brain), JSON.stringify(Object.fromEntries(tried)));
}

function triedPath(brain: Brain): string {
  return join(brain.folder, 'sleep.json');
}
