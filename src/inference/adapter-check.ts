// Looks at an adapter file before llama.cpp does, whose own refusal says little: is it a whole LoRA adapter, and for this
// model? Not here: reading its values.
import type { LlamaModel } from 'node-llama-cpp';
import { EngramError } from '../errors.js';
import { inspectModel, readGgufHeader } from '../models/index.js';

/** Throws `not_found`; `corrupt` for a file that is broken or breaks off; `mismatch` for one that is no adapter or another
 * model's. */
export function checkAdapter(path: string, model: LlamaModel): void {
  const mismatch = (what: string): EngramError =>
    new EngramError('mismatch', `The adapter ${path} does not fit the model ${model.filename ?? ''}: ${what}.`, {
      hint: 'An adapter works only with the model that it was trained on.',
      details: { path },
    });

  inspectModel(path); // its data too: does every tensor lie within the file?
  const { metadata, tensors } = readGgufHeader(path);
  if (metadata.get('general.type') !== 'adapter') throw mismatch('it is no adapter');
  const type = metadata.get('adapter.type');
  if (type !== 'lora') throw mismatch('it is no LoRA adapter');
  const architecture = metadata.get('general.architecture');
  const modelArchitecture: string = model.architecture;
  if (architecture !== modelArchitecture) {
    const its = typeof architecture === 'string' ? architecture : 'unknown';
    throw mismatch(`it is for the architecture ${its}, and the model is ${modelArchitecture}`);
  }

  const base = new Map((model.fileInfo.fullTensorInfo ?? []).map(({ name, dimensions }) => [name, dimensions]));
  const given = new Map(tensors.map(({ name, dimensions }) => [name, dimensions]));
  if (given.size === 0) throw mismatch('it has no tensors');
  for (const [name, dimensions] of given) {
    const match = /^(.+)\.lora_([ab])$/.exec(name);
    if (match === null) throw mismatch(`it has a tensor "${name}"`);
    const [, of, letter] = match;
    const weight = base.get(of!);
    if (weight === undefined) throw mismatch(`the model has no "${of!}"`);
    const other = given.get(`${of!}.lora_${letter === 'a' ? 'b' : 'a'}`);
    if (other === undefined) throw mismatch(`"${name}" has no other half`);
    if (letter === 'b') continue;
    // A takes what the weight takes, B gives what it gives; for token embeddings llama.cpp has them the other way round.
    const [input, output] = of === 'token_embd.weight' ? [weight[1], weight[0]] : [weight[0], weight[1]];
    const fits = dimensions[0] === Number(input) && other[1] === Number(output) && dimensions[1] === other[0];
    if (!fits) {
      const shape = (sizes: readonly (number | bigint)[]) => sizes.join(' x ');
      throw mismatch(`"${of!}" is ${shape(weight)} and its halves are ${shape(dimensions)} and ${shape(other)}`);
    }
  }
}
