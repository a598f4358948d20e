// Whether a GGUF is an adapter, and of a model: told from the headers of both. Not here: its values, which native code looks at before
// llama.cpp gets them (native/core/adapter_check.hpp).
import { EngramError } from '../errors.js';
import { readGgufHeader } from '../models/index.js';

/** Throws `unsupported` for a file that is no LoRA adapter, `mismatch` for one whose matrices do not fit the model. */
export function requireAdapterOf(path: string, modelPath: string | undefined): void {
  const adapter = readGgufHeader(path);
  if (adapter.metadata.get('general.type') !== 'adapter' || adapter.metadata.get('adapter.type') !== 'lora') {
    throw new EngramError('unsupported', `${path} is not a LoRA adapter.`, {
      hint: 'Give the GGUF that convert_lora_to_gguf.py of llama.cpp or `engram adapters export` wrote.',
    });
  }
  if (modelPath === undefined) return;
  const model = readGgufHeader(modelPath);
  const [its, models] = [adapter, model].map(({ metadata }) => metadata.get('general.architecture'));
  if (its !== models) throw mismatch(path, `it is for ${nameOf(its)}, and the model is ${nameOf(models)}`);
  const tensors = new Map(model.tensors.map(({ name, dimensions }) => [name, dimensions]));
  for (const { name, dimensions } of adapter.tensors) {
    const [, base, side] = /^(.*)\.lora_([ab])$/.exec(name) ?? [];
    if (base === undefined) continue;
    const expected = tensors.get(base);
    if (expected === undefined) throw mismatch(path, `the model has no ${base}`);
    // A takes what the matrix takes, B gives what it gives; embeddings have the other way round.
    const given = side === 'a' ? dimensions[0] : dimensions[1];
    const wanted = side === 'a' ? expected[0] : expected[1];
    if (base !== 'token_embd.weight' && given !== wanted) {
      throw mismatch(path, `${name} is for ${given} values, and the model's ${base} has ${wanted}`);
    }
  }
}

function nameOf(architecture: unknown): string {
  return typeof architecture === 'string' ? architecture : 'an architecture that it does not name';
}

function mismatch(path: string, why: string): EngramError {
  return new EngramError('mismatch', `The adapter ${path} belongs to another model: ${why}.`, {
    hint: 'Use it with the model that it was trained on.',
  });
}
