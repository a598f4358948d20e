// Adapters and index made anew from the ledger. Training gives the same bytes on the same machine with the same engram; where it
// does, nothing changes, and where it does not, a memory changes over only when it holds. Not here: learning (memorize.ts).
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { throwIfCancelled } from '../errors.js';
import { replaceFile, sha256File, writeFileAtomic } from '../files.js';
import type { BrainMemory } from '../brain/index.js';
import type { BrainWriter } from '../brain/index.js';
import type { Memorizer } from './attempt-parts.js';
import { relearn } from './memorize.js';
import { isCareful } from './remembered.js';
import type { MemorizeProgress, Memory } from '../brain/index.js';

export interface RebuildOptions {
  /** Only memories whose adapter is missing or changed. Default false. */
  damagedOnly?: boolean | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Aborting leaves what was done; the next rebuild goes on from there. */
  signal?: AbortSignal | undefined;
}

export interface RebuildProgress {
  memory: Pick<Memory, 'id' | 'text'>;
  done: number;
  of: number;
  step: MemorizeProgress;
}

/** Ids of memories by what became of them. */
export interface RebuildReport {
  /** Their adapters came out the same, byte for byte. */
  same: string[];
  /** They have another adapter now, and hold. */
  renewed: string[];
  /** They did not hold and keep the adapter they had. */
  kept: { id: string; reason: string }[];
  /** They did not hold and have no sound adapter. */
  failed: { id: string; reason: string }[];
  /** How many an earlier rebuild, which was cut off, had done. */
  resumed: number;
}

/** Throws `locked`, `cancelled`, `disk`, `memory`. */
export function rebuild(parts: Memorizer, options: RebuildOptions = {}): Promise<RebuildReport> {
  const { brain, router } = parts;
  const { damagedOnly = false, onProgress, signal } = options;
  return brain.write('rebuilding', async (writer) => {
    const journal = join(brain.folder, 'rebuild.json');
    const done = damagedOnly ? new Set<string>() : await readJournal(journal);
    const damaged = new Set((await brain.check()).map(({ id }) => id));
    const held = brain
      .memories()
      .filter(({ id, state }) => state === 'remembered' && (!damagedOnly || damaged.has(id)));
    const report: RebuildReport = { same: [], renewed: [], kept: [], failed: [], resumed: 0 };
    for (const [at, memory] of held.entries()) {
      throwIfCancelled(signal);
      if (done.has(memory.id) && !damaged.has(memory.id)) {
        report.resumed++;
        continue;
      }
      const step = (progress: MemorizeProgress): void =>
        onProgress?.({ memory, done: at, of: held.length, step: progress });
      const outcome = await renew(parts, writer, memory, damaged.has(memory.id), step, signal);
      if ('reason' in outcome) report[outcome.kind].push({ id: memory.id, reason: outcome.reason });
      else report[outcome.kind].push(memory.id);
      done.add(memory.id);
      if (!damagedOnly) await writeFileAtomic(journal, JSON.stringify({ done: [...done] }));
    }
    await router.reindex(signal);
    await rm(journal, { force: true });
    return report;
  });
}

type Outcome = { kind: 'same' | 'renewed' } | { kind: 'kept' | 'failed'; reason: string };

/** Trains one memory again and changes over to what comes out if that is other bytes and holds. */
export async function renew(
  parts: Memorizer,
  writer: BrainWriter,
  memory: BrainMemory,
  isDamaged: boolean,
  onProgress: (progress: MemorizeProgress) => void,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const { brain, generator } = parts;
  const { receipt, data } = await relearn(parts, writer, memory, { careful: isCareful(memory), onProgress, signal });
  throwIfCancelled(signal);
  const [path, old] = [writer.newAdapterPath(memory.id), brain.adapterPath(memory.id)];
  await generator.releaseAdapter(path);
  if (!receipt.committed) {
    await rm(path, { force: true });
    return { kind: isDamaged ? 'failed' : 'kept', reason: receipt.reason ?? 'It does not hold.' };
  }
  const isSame = (await sha256File(path)) === memory.adapter?.sha256;
  if (isSame && isDeepStrictEqual(JSON.parse(JSON.stringify(data)), memory.data)) {
    if (isDamaged) {
      await replaceFile(path, old);
      await brain.keepAdapter(memory.id);
    } else await rm(path);
    delete memory.damaged;
    return { kind: 'same' };
  }
  await generator.releaseAdapter(old);
  await writer.rebuild(memory.id, { receipt, data });
  return { kind: 'renewed' };
}

/** Ids that an earlier rebuild has done. What cannot be read was not done. */
async function readJournal(path: string): Promise<Set<string>> {
  try {
    const { done } = JSON.parse(await readFile(path, 'utf8')) as { done?: unknown };
    return new Set(Array.isArray(done) ? done.filter((id): id is string => typeof id === 'string') : []);
  } catch {
    return new Set();
  }
}
