// Trains an adapter and keeps it in the store: what `train` of the command line and of the API does.
import type { AdapterStore } from './adapters.js';
import type { StoredAdapter } from './manifest.js';
import type { ClassifyTask } from './classify/index.js';
import { manifestBase } from './manifest.js';
import { resolveLora, resolveOptimizer } from './options.js';
import type { RunResult } from './run-options.js';
import { runTraining } from './run.js';
import type { TrainOptions } from './train.js';
import type { BaseModel, Example, Trainer } from './types.js';

export interface TrainAdapterOptions extends Omit<TrainOptions, 'output'> {
  store: AdapterStore;
  /** Name that the adapter gets. */
  name: string;
  /** The base model as the user knows it, and the SHA-256 of its file. */
  baseName: string;
  baseSha256: string;
  /** Takes the place of an adapter of this name. Default false: that throws `exists`, before anything is trained. */
  replace?: boolean;
  /** Id of the run that trains it. */
  runId?: string;
  /** What the adapter is asked, if it is trained on labels. */
  task?: ClassifyTask;
  /** Called with the trained adapter before it is stored; if it throws, nothing is. */
  beforeSave?: (trainer: Trainer) => Promise<void>;
}

/** Throws as runTraining() and AdapterStore.save() do; nothing is stored then. */
export async function trainAdapter(
  base: BaseModel,
  examples: readonly Example[],
  options: TrainAdapterOptions,
): Promise<{ adapter: StoredAdapter; result: RunResult }> {
  const { store, name, baseName, baseSha256, replace = false, runId, task, beforeSave, ...rest } = options;
  const { lora = {}, optimizer = {}, memoryLimit, ...run } = rest;
  if (!replace) await store.requireFree(name, runId);
  const { learningRate } = resolveOptimizer(optimizer);
  const { rank, ranks, alpha, rankStabilized, targets, firstLayer, lastLayer } = resolveLora(lora, base.info.layers);
  const trainer = base.newTrainer(lora, optimizer, memoryLimit);
  try {
    // A model that guesses blindly has a loss of ln V; twice that is no model any more.
    const maxLoss = 2 * Math.log(base.info.vocabularySize);
    const result = await runTraining(trainer, examples, { maxLoss, ...run, learningRate });
    const manifest = {
      base: manifestBase(baseName, baseSha256, base.info),
      ...(rankStabilized ? { kind: 'rslora' as const } : {}),
      rank: Math.max(rank, ...ranks.map((matrix) => matrix.rank)),
      alpha,
      targets,
      layers: [firstLayer, lastLayer] as [number, number],
      losses: result.epochs,
      trainedTokens: result.trainedTokens,
      ...(runId === undefined ? {} : { run: runId }),
      ...(task === undefined ? {} : { task }),
    };
    await beforeSave?.(trainer);
    const write = (path: string): Promise<void> => trainer.save(path);
    const adapter = await store.save(name, manifest, write, { replace, signal: run.signal });
    return { adapter, result };
  } finally {
    trainer.close();
  }
}
