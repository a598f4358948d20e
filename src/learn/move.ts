// A brain goes over to another base model: every memory is trained on that model from the ledger, in a brain aside, and when all
// hold the brain changes over in one transaction. Not here: training (memorize.ts).
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngramError, throwIfCancelled } from '../errors.js';
import { makeFolder } from '../files.js';
import { Brain } from '../brain/index.js';
import type { BrainWriter, Relearned } from '../brain/index.js';
import type { ModelIdentity } from '../brain/index.js';
import { Ledger } from '../brain/index.js';
import type { Memorizer } from './attempt-parts.js';
import { relearn } from './memorize.js';
import type { RebuildProgress } from './rebuild.js';

export interface MoveOptions {
  /** Change over even if some memories do not hold on the other model; they have no adapter then. Default false. */
  partly?: boolean | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Aborting leaves the brain as it was; the next move to this model goes on from there. */
  signal?: AbortSignal | undefined;
}

export interface MoveReport {
  moved: boolean;
  from: ModelIdentity;
  to: ModelIdentity;
  /** Ids of memories that hold on the other model. */
  held: string[];
  failed: { id: string; text: string; reason: string }[];
  /** How many an earlier move, which was cut off, had done. */
  resumed: number;
}

/** `partsOf`: what memorizing needs over the other model, for the brain aside. Throws `usage` if the brain belongs to that model,
 * `locked`, `cancelled`, `disk`, `memory`. */
export function moveBrain(
  brain: Brain,
  model: ModelIdentity,
  partsOf: (brain: Brain) => Memorizer,
  options: MoveOptions = {},
): Promise<MoveReport> {
  const { partly = false, onProgress, signal } = options;
  const from = brain.model;
  if (from.sha256 === model.sha256) {
    throw new EngramError('usage', `The brain "${brain.name}" belongs to ${model.name} already.`, {
      hint: 'Name the model to move it to with --model.',
    });
  }
  return brain.write('moving', async (writer) => {
    const aside = join(brain.folder, 'moving');
    const other = await openAside(aside, brain.name, model);
    let isMoved = false;
    try {
      const held = brain.memories().filter(({ state }) => state === 'remembered');
      const report: MoveReport = { moved: false, from, to: model, held: [], failed: [], resumed: 0 };
      await other.check();
      for (const [at, memory] of held.entries()) {
        throwIfCancelled(signal);
        const known = other.get(memory.id);
        if (known !== undefined && known.damaged === undefined) report.resumed++;
        const step = (progress: RebuildProgress['step']): void =>
          onProgress?.({ memory, done: at, of: held.length, step: progress });
        const reason =
          known !== undefined && known.damaged === undefined
            ? undefined
            : await learnAside(partsOf(other), memory.id, brain, step, signal);
        if (reason === undefined) report.held.push(memory.id);
        else report.failed.push({ id: memory.id, text: memory.text, reason });
      }
      if (report.failed.length > 0 && !partly) return report;
      throwIfCancelled(signal);
      await changeOver(writer, other, model, report.held);
      isMoved = true;
      return { ...report, moved: true };
    } finally {
      other.close();
      if (isMoved) await rm(aside, { recursive: true, force: true });
    }
  });
}

async function changeOver(
  writer: BrainWriter,
  other: Brain,
  model: ModelIdentity,
  ids: readonly string[],
): Promise<void> {
  const relearned = new Map<string, Relearned>();
  for (const id of ids) {
    // Copied, not renamed: if this is cut off, the brain aside is whole and the copies are garbage.
    await copyFile(await other.adapterFile(id), writer.newAdapterPath(id));
    const { receipt, data } = other.get(id)!;
    relearned.set(id, { ...(receipt === undefined ? {} : { receipt }), ...(data === undefined ? {} : { data }) });
  }
  await writer.move(model, relearned);
}

/** Trains one memory into the brain aside. Returns why it does not hold, if it does not. */
function learnAside(
  parts: Memorizer,
  id: string,
  brain: Brain,
  onProgress: (progress: RebuildProgress['step']) => void,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { text, question, answer, data: kept } = brain.get(id)!;
  const said = { text, ...(question === undefined ? {} : { question }), ...(answer === undefined ? {} : { answer }) };
  return parts.brain.write('moving', async (writer) => {
    const { receipt, data } = await relearn(
      parts,
      writer,
      { id, ...said, ...(kept === undefined ? {} : { data: kept }) },
      { onProgress, signal },
    );
    throwIfCancelled(signal);
    if (!receipt.committed) return receipt.reason ?? 'It does not hold.';
    if (parts.brain.get(id) === undefined) await writer.remember({ id, ...said, receipt, data });
    else await writer.rebuild(id, { receipt, data });
    return undefined;
  });
}

/** The brain aside; one that was left for another model, or that cannot be read, is begun anew. */
async function openAside(folder: string, name: string, model: ModelIdentity): Promise<Brain> {
  const open = async (): Promise<Brain> => {
    await makeFolder(join(folder, 'adapters'));
    const ledger = Ledger.openOrCreate(join(folder, 'ledger.sqlite'), model);
    try {
      return new Brain(name, folder, ledger, model);
    } catch (error) {
      ledger.close();
      throw error;
    }
  };
  try {
    return await open();
  } catch (error) {
    const isOther = error instanceof EngramError && ['mismatch', 'corrupt', 'unsupported'].includes(error.code);
    if (!isOther) throw error;
    await rm(folder, { recursive: true, force: true });
    return open();
  }
}
