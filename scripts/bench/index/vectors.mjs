// Embeddings of texts, made once with engram's own embedder and kept in the cache, where a later run finds those of an earlier
// one, also of one that was broken off. Random vectors would tell nothing: they have no neighbours.
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { loadEmbedder } from '../../../dist/embedding/index.js';
import { resolveModel } from '../../../dist/models/index.js';
import { note } from '../../set-up/progress.mjs';
import { cacheFolder } from '../cache.mjs';
import { throwIfInterrupted } from '../child.mjs';

/** Texts embedded between two writes. */
const STEP = 256;

/** Vectors of the texts, one after the other, with what they are of. */
export async function vectorsOf(texts, { home, embedder }) {
  const model = await loadEmbedder({ folder: (await resolveModel(home, embedder, { role: 'embedding' })).path });
  try {
    const size = model.dimensions;
    const path = fileFor(texts, model.id);
    let done = Math.floor((statSync(path, { throwIfNoEntry: false })?.size ?? 0) / (4 * size));
    if (done > 0) truncateSync(path, done * 4 * size);
    const began = { at: Date.now(), done };
    for (let said = Date.now(); done < texts.length;) {
      throwIfInterrupted();
      const vectors = await model.embed(texts.slice(done, done + STEP));
      appendFileSync(
        path,
        Buffer.concat(vectors.map((vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))),
      );
      done += vectors.length;
      if (Date.now() - said > 10_000) {
        said = Date.now();
        const rate = (done - began.done) / ((said - began.at) / 1000);
        note(`Embedding, once: ${done} of ${texts.length} texts, ${rate.toFixed(0)} a second`);
      }
    }
    const bytes = readFileSync(path);
    const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, texts.length * size);
    return { vectors, dimensions: size, embedder: model.id };
  } finally {
    await model.close();
  }
}

/** Texts that begin alike share a file, whose vectors are in their order. */
function fileFor(texts, id) {
  const hash = createHash('sha256')
    .update(`${id}\0${texts.slice(0, 1000).join('\0')}`)
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheFolder(), 'vectors');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${hash}.f32`);
}
