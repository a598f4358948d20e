// Sleep: what is damaged is mended, and what its examination found weak is trained again, until it is held more surely, while there is
// time. A memory changes over only if it then does better. Each is a transaction of its own, so sleep can end at any moment.
// Not here: the training (memorize.ts), passages that become memories (passage-sleep.ts).
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { EngramError, throwIfCancelled } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import type { Brain, BrainMemory } from '../brain/index.js';
import type { BrainWriter } from '../brain/index.js';
import type { Memorizer } from './attempt-parts.js';
import { relearn } from './memorize.js';
import { learnPassage, type PassageOutcome, type PassagePlan } from './passage-sleep.js';
import { renew, type RebuildProgress } from './rebuild.js';
import type { MemorizeProgress, Receipt, Standing } from '../brain/index.js';

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

/** A memory that is due: its adapter is damaged, or its receipt says that not all of its examination was answered right. */
export interface SleepPlan {
  id: string;
  text: string;
  why: 'damaged' | 'weak';
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
  /** All that was due, in order: damaged, weak. */
  due: SleepPlan[];
  /** Those that were tended to. */
  memories: SleepOutcome[];
  consolidated: number;
  unchanged: number;
  mended: number;
  lost: number;
  /** Passages that were due, and what those became that were tended to. */
  passages: { due: PassagePlan[]; learned: PassageOutcome[] };
  ended: 'done' | 'time' | 'interrupted' | 'dry_run';
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
  if (dryRun) return report('dry_run');
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
  const due = { damaged: [] as BrainMemory[], weak: [] as BrainMemory[] };
  for (const memory of brain.memories()) {
    if (memory.state !== 'remembered') continue;
    if (damaged.has(memory.id)) due.damaged.push(memory);
    else if (tried.get(memory.id) === memory.adapter?.sha256) continue;
    else if (shareHeld(memory) < 1) due.weak.push(memory);
  }
  due.weak.sort((a, b) => shareHeld(a) - shareHeld(b));
  return (['damaged', 'weak'] as const).flatMap((why) => due[why].map(({ id, text }) => ({ id, text, why })));
}

function standingOf(receipt: Receipt | undefined): Standing {
  return { recall: receipt?.recall.after ?? 1, paraphrase: receipt?.paraphrase?.after ?? 1 };
}

function shareHeld({ receipt }: BrainMemory): number {
  const { recall, paraphrase } = standingOf(receipt);
  return (recall + paraphrase) / 2;
}

/** At least as good in both, and better in one. */
function isBetter(after: Standing, before: Standing): boolean {
  const gains = [after.recall - before.recall, after.paraphrase - before.paraphrase];
  return Math.min(...gains) >= 0 && Math.max(...gains) > 0;
}

/** Mends, trains, and commits what does better. */
async function tend(
  parts: Memorizer,
  writer: BrainWriter,
  { id, why }: SleepPlan,
  options: {
    signal: AbortSignal | undefined;
    onProgress: (progress: MemorizeProgress, memory: BrainMemory) => void;
  },
): Promise<Pick<SleepOutcome, 'became' | 'mended' | 'reason' | 'before' | 'after'>> {
  const { brain, generator } = parts;
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
  const before = standingOf(memory.receipt);
  if (shareHeld(memory) === 1) return { became: 'unchanged', mended, reason: 'There is nothing to gain.', before };

  const old = brain.adapterPath(id);
  const path = writer.newAdapterPath(id);
  try {
    const { receipt, data } = await relearn(parts, writer, memory, { ...given, careful: true });
    throwIfCancelled(signal);
    if (!receipt.committed) {
      return { became: 'unchanged', mended, reason: receipt.reason ?? 'It does not hold.', before };
    }
    const after = standingOf(receipt);
    if (!isBetter(after, before)) {
      return { became: 'unchanged', mended, reason: 'Trained again it is no better.', before, after };
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
