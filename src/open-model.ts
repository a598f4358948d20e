// A model by its name, as the settings want it: pulled if need be, and loaded to generate. Not here: what is done with it.
import { readSettings, type Settings } from './config.js';
import { defined } from './defined.js';
import type { OpenOptions } from './engram-options.js';
import type { Generator } from './inference/index.js';
import { ensureModel, modelSha256, type ResolvedModel } from './models/index.js';

export interface OpenedModel {
  settings: Settings;
  model: ResolvedModel;
  generator: Generator;
}

/** Throws what Engram.open() does, but for what it says of the brain. */
export async function openModel(options: OpenOptions): Promise<OpenedModel> {
  const { onProgress, signal, contextSize, ...given } = options;
  const settings = readSettings(defined({ ...given, context: contextSize }));
  const onPull = (share: number): void => onProgress?.({ phase: 'pull', share });
  const model = await ensureModel(settings, settings.model, 'chat', onPull, signal);
  const { loadGenerator, readChatTemplate } = await import('./inference/index.js'); // heavy: what needs no model does not wait for it
  const { gpu, verbose, context, threads, gpuLayers, parallel, idleUnload, compute } = settings;
  const template = settings.chatTemplate ?? model.entry?.chatTemplate;
  const chatTemplate = template === undefined ? undefined : readChatTemplate(template);
  // Asked for only where a CPU computes, so training is loaded only there.
  const ownWeights = async (signal: AbortSignal | undefined) => {
    const { openOwnWeights } = await import('./training/index.js');
    return openOwnWeights(model.path, { threads, signal });
  };
  const generator = await loadGenerator(model.path, {
    gpu,
    verbose,
    ...defined({ contextSize: context, threads, gpuLayers, parallel, idleUnload, chatTemplate, signal }),
    ...(compute === 'auto' ? { ownWeights } : {}),
    modelSha256: () => modelSha256(settings.home, model.path),
    onProgress: (share) => onProgress?.({ phase: 'model', share }),
  });
  return { settings, model, generator };
}
