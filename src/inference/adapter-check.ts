// Looks at an adapter file before llama.cpp does, whose own refusal is a plain failure: is it a LoRA adapter, and for this
// model? Not here: reading its values.
import { readGgufFileInfo, type LlamaModel } from 'node-llama-cpp';
import { EngramError } from '../errors.js';

/** Throws `not_found`, `corrupt`, `mismatch`. */
export async function checkAdapter(path: string, model: LlamaModel): Promise<void> {
  const info = await readGgufFileInfo(path, { sourceType: 'filesystem', logWarnings: false }).catch(
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        throw new EngramError('not_found', `There is no adapter file ${path}.`);
      }
      throw new EngramError('corrupt', `The adapter file cannot be read: ${path}.`, {
        hint: 'Train it again, or fetch it again.',
        cause: error,
      });
    },
  );
  const mismatch = (what: string) =>
    new EngramError('mismatch', `The adapter ${path} does not fit this model: ${what}.`, {
      hint: 'An adapter belongs to the model it was trained on.',
    });
  const metadata = info.metadata as unknown as { general?: { type?: string; architecture?: string } };
  if (metadata.general?.type !== 'adapter') throw mismatch('it is no adapter');
  if (metadata.general.architecture !== model.fileInfo.metadata.general.architecture) {
    throw mismatch(`it is for architecture ${String(metadata.general.architecture)}`);
  }
  const shapes = new Map(
    (model.fileInfo.fullTensorInfo ?? []).map((tensor) => [tensor.name, tensor.dimensions.map(Number)]),
  );
  if (shapes.size === 0) return;
  for (const { name, dimensions } of info.fullTensorInfo ?? []) {
    const match = /^(.+)\.lora_([ab])$/.exec(name);
    if (!match) throw mismatch(`it has a tensor ${name}`);
    const base = shapes.get(match[1]!);
    if (base === undefined) throw mismatch(`the model has no ${match[1]!}`);
    const given = dimensions.map(Number);
    const fits = match[2] === 'a' ? given[0] === base[0] : given[1] === base[1];
    if (!fits) throw mismatch(`${name} has another shape`);
  }
}
