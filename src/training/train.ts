// Trains a new adapter and writes it to a file: the shortest way from examples to an adapter. Not here: adapters that have a name
// (train-adapter.ts), and runs that can be gone on with (train-file.ts).
import { resolveOptimizer } from './options.js';
import type { RunOptions, RunResult } from './run-options.js';
import { runTraining } from './run.js';
import type { BaseModel, Example, LoraOptions, OptimizerOptions } from './types.js';

export interface TrainOptions extends Omit<RunOptions, 'learningRate'> {
  lora?: LoraOptions;
  /** Its learning rate is the one the schedule starts from. */
  optimizer?: OptimizerOptions;
  /** Bytes for weights, adapter and training together. Default: any amount. */
  memoryLimit?: number | undefined;
  /** Where to write the adapter (GGUF) when training has ended well. */
  output?: string;
}

/** Trains a new adapter of `base` and writes it to `output`. Throws as runTraining() does. */
export async function train(
  base: BaseModel,
  examples: readonly Example[],
  options: TrainOptions = {},
): Promise<RunResult> {
  const { lora, optimizer, memoryLimit, output, ...run } = options;
  const { learningRate } = resolveOptimizer(optimizer ?? {});
  const trainer = base.newTrainer(lora, optimizer, memoryLimit);
  try {
    const result = await runTraining(trainer, examples, { ...run, learningRate });
    if (output !== undefined) await trainer.save(output);
    return result;
  } finally {
    trainer.close();
  }
}
