// Which installed models can be trained: their architecture is one that the native core knows. Read from headers alone.
import { EngramError } from '../errors.js';
import { listModels, resolveModel } from '../models/index.js';
import { memoryOf } from './memory-budget.js';
import { resolveLora } from './options.js';

/** Whether the model of a GGUF can be trained. Throws `not_found`, `corrupt`, `native`. */
function canTrain(path: string): boolean {
  try {
    memoryOf(path)({ precision: undefined, tokens: 1 }, resolveLora({}, 1));
    return true;
  } catch (error) {
    if (error instanceof EngramError && error.code === 'unsupported') return false;
    throw error;
  }
}

/** Names of the models of the catalog that are installed and can be trained. Throws `native`, `corrupt`. */
export async function listTrainable(home: string): Promise<string[]> {
  const names: string[] = [];
  for (const { entry, installed } of await listModels(home)) {
    if (!installed || entry.role !== 'chat') continue;
    if (canTrain((await resolveModel(home, entry.name)).path)) names.push(entry.name);
  }
  return names;
}
