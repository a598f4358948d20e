// Splits a GGUF into parts as llama-gguf-split does, for tests: the first holds the metadata, tensors are spread by their sizes.
// `node scripts/gguf/split.mjs MODEL PREFIX [--parts 3]` writes PREFIX-00001-of-00003.gguf and so on. Not here: joining them.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { at } from '../set-up/paths.mjs';

/** `models` is src/models, or what was built of it. Returns the paths. */
export function splitGguf(models, path, prefix, count) {
  const { ggufEntry, ggufHeaderOf, padded, partEnding, readGgufFile } = models;
  const header = readGgufFile(path);
  const sized = withSizes(header);
  const parts = shares(sized, count);
  const source = openSync(path, 'r');
  try {
    return parts.map((tensors, no) => {
      const entries = [
        ...(no === 0 ? header.metadataBytes.map(({ start, end }) => bytesAt(source, start, end - start)) : []),
        ggufEntry('split.no', 'uint16', no),
        ggufEntry('split.count', 'uint16', count),
        ggufEntry('split.tensors.count', 'int32', sized.length),
      ];
      const out = `${prefix}${partEnding(no, count)}`;
      const file = openSync(out, 'w');
      writeSync(file, ggufHeaderOf(Buffer.concat(entries), entries.length, tensors));
      for (const { offset, bytes } of tensors) {
        const data = Buffer.alloc(padded(bytes));
        bytesAt(source, offset, bytes).copy(data);
        writeSync(file, data);
      }
      closeSync(file);
      return out;
    });
  } finally {
    closeSync(source);
  }
}

/** The bytes of a tensor are those up to the next one, padding included, which llama.cpp does not mind. */
function withSizes({ tensors, bytes }) {
  const inOrder = [...tensors].sort((a, b) => a.offset - b.offset);
  return inOrder.map((tensor, i) => ({ ...tensor, bytes: (inOrder[i + 1]?.offset ?? bytes) - tensor.offset }));
}

/** Neighbouring tensors, about as many bytes in each part. */
function shares(tensors, count) {
  const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = Array.from({ length: count }, () => []);
  let done = 0;
  for (const tensor of tensors) {
    parts[Math.min(count - 1, Math.floor((done * count) / total))].push(tensor);
    done += tensor.bytes;
  }
  return parts;
}

function bytesAt(file, position, length) {
  const buffer = Buffer.alloc(length);
  if (readSync(file, buffer, 0, length, position) < length) throw new Error('The file breaks off.');
  return buffer;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { parts: { type: 'string', default: '3' } },
  });
  const [model, prefix] = positionals;
  if (model === undefined || prefix === undefined || !(Number(values.parts) >= 1)) {
    console.error('usage: node scripts/gguf/split.mjs MODEL PREFIX [--parts 3]');
    process.exit(2);
  }
  const models = await import(pathToFileURL(at('dist', 'models', 'index.js')).href);
  for (const path of splitGguf(models, model, prefix, Number(values.parts))) console.log(path);
}
