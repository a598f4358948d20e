// Looks at an adapter file before llama.cpp does, whose own refusal says little: is it a whole LoRA adapter, and for this
// model, and are its values numbers? Not here: whether they are any good.
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { EngramError, fromSystemError } from '../errors.js';
import { readWholeGguf, type GgufHeader, type GgufTensor } from '../models/index.js';

/** Of the number formats that adapters have (F32, F16, BF16), by ggml's number: bytes, and the bits that are all set in what
 * is infinite or no number. */
const FORMATS: Readonly<Record<number, { bytes: 2 | 4; notFinite: number } | undefined>> = {
  0: { bytes: 4, notFinite: 0x7f800000 },
  1: { bytes: 2, notFinite: 0x7c00 },
  30: { bytes: 2, notFinite: 0x7f80 },
};
/** Bytes of a file that are looked at between two turns of the event loop. */
const CHUNK = 2 ** 20;

export interface CheckedModel {
  path: string;
  architecture: string;
  header: GgufHeader;
}

/** Throws `not_found`; `corrupt` for a file that is broken, breaks off or holds what is no number; `mismatch` for one that is
 * no adapter or another model's. */
export async function checkAdapter(path: string, model: CheckedModel): Promise<void> {
  await checkValues(path, checkTensors(path, model));
}

function checkTensors(path: string, model: CheckedModel): readonly GgufTensor[] {
  const mismatch = (what: string): EngramError =>
    new EngramError('mismatch', `The adapter ${path} does not fit the model ${basename(model.path)}: ${what}.`, {
      hint: 'An adapter works only with the model that it was trained on.',
      details: { path },
    });

  const { metadata, tensors } = readWholeGguf(path);
  if (metadata.get('general.type') !== 'adapter') throw mismatch('it is no adapter');
  const type = metadata.get('adapter.type');
  if (type !== 'lora') throw mismatch('it is no LoRA adapter');
  const architecture = metadata.get('general.architecture');
  if (architecture !== model.architecture) {
    const its = typeof architecture === 'string' ? architecture : 'unknown';
    throw mismatch(`it is for the architecture ${its}, and the model is ${model.architecture}`);
  }

  const base = new Map(model.header.tensors.map(({ name, dimensions }) => [name, dimensions]));
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
    const fits = dimensions[0] === input && other[1] === output && dimensions[1] === other[0];
    if (!fits) {
      const shape = (sizes: readonly number[]) => sizes.join(' x ');
      throw mismatch(`"${of!}" is ${shape(weight)} and its halves are ${shape(dimensions)} and ${shape(other)}`);
    }
  }
  return tensors;
}

/** One value that is no number makes every answer noise. */
async function checkValues(path: string, tensors: readonly GgufTensor[]): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const chunk = Buffer.allocUnsafeSlow(CHUNK);
    for (const { name, dimensions, offset, type } of tensors) {
      const format = FORMATS[type];
      if (format === undefined) continue;
      const end = offset + dimensions.reduce((product, size) => product * size, format.bytes);
      for (let at = offset; at < end; at += CHUNK) {
        const { buffer, bytesRead } = await file.read(chunk, 0, Math.min(CHUNK, end - at), at);
        if (isFinite(buffer.subarray(0, bytesRead), format)) continue;
        throw new EngramError('corrupt', `The adapter ${path} holds values that are no numbers, in "${name}".`, {
          hint: 'Train it again.',
          details: { path, tensor: name },
        });
      }
    }
  } catch (error) {
    throw fromSystemError(error, `the adapter ${path}`);
  } finally {
    await file?.close();
  }
}

function isFinite(bytes: Buffer, { bytes: size, notFinite }: { bytes: 2 | 4; notFinite: number }): boolean {
  const values =
    size === 4
      ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
      : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  let i = 0; // faster than for-of
  while (i < values.length && (values[i]! & notFinite) !== notFinite) i++;
  return i === values.length;
}
