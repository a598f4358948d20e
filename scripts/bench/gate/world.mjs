// What the gate needs around it: embeddings, kept on disk so that a second run computes none, and the tokenizer that tells how
// rare a word is. Not here: which texts there are (data.mjs).
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbedder, readSettings } from '../../../dist/index.js';
import { loadGenerator } from '../../../dist/inference/index.js';
import { Gate, gateKeys } from '../../../dist/memory/gate.js';
import { informationFrom } from '../../../dist/memory/information.js';
import { sentences } from '../../../dist/memory/text.js';
import { byLikelihood } from '../../../dist/memory/likeliest.js';
import { resolveModel } from '../../../dist/models/index.js';
import { openOwnWeights } from '../../../dist/training/index.js';
import { phase } from '../../set-up/progress.mjs';
import { cacheFolder } from '../cache.mjs';
import { throwIfInterrupted } from '../child.mjs';

/** Texts embedded between two looks at Ctrl+C. */
const SLAB = 512;

/** Everything that the gate will ask for must be among `texts`: each, and each of its sentences, is embedded at once. */
export async function openWorld(texts, { embedder: name, model, likelihood = false }) {
  const { home } = readSettings();
  const { path } = await resolveModel(home, model, { role: 'chat' });
  const ownWeights = (signal) => openOwnWeights(path, { signal });
  const generator = await loadGenerator(path, { contextSize: 1024, ...(likelihood ? { ownWeights } : {}) });
  const information = informationFrom((text) => generator.encode(text));
  const vectors = await embedAll([...new Set(texts.flatMap((text) => [text, ...sentences(text)]))], name, home);
  const embedder = {
    id: name,
    dimensions: vectors.values().next().value.length,
    embed: (asked) => Promise.resolve(asked.map((text) => vectors.get(text))),
    close: () => Promise.resolve(),
  };
  const emptyGate = () => new Gate(() => Promise.resolve(embedder), information);
  const maker = emptyGate();
  return {
    emptyGate,
    entryOf(id, memory) {
      const keys = gateKeys(memory);
      return maker.entry(
        id,
        keys,
        keys.map((key) => vectors.get(key)),
      );
    },
    query: (text) => maker.query(text),
    /** The matches of a question as the router orders them. */
    async ordered(question, matches, textOf) {
      if (!likelihood) return matches;
      const score = async (text, next) => (await generator.score(text, next)).logprob;
      return byLikelihood(score, question, matches, textOf);
    },
    close: () => generator.close(),
  };
}

async function embedAll(texts, name, home) {
  const folder = join(cacheFolder(), 'gate');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'models'))) symlinkSync(join(home, 'models'), join(folder, 'models'), 'dir');
  const embedder = await openEmbedder({ home: folder, embedder: name, offline: true });
  const vectors = new Map();
  try {
    await phase('Embedding', async (update) => {
      for (let start = 0; start < texts.length; start += SLAB) {
        throwIfInterrupted();
        const slab = texts.slice(start, start + SLAB);
        (await embedder.embed(slab, { maxWindows: 1 })).forEach((vector, i) => vectors.set(slab[i], vector));
        update(`${vectors.size} of ${texts.length} texts`);
      }
    });
  } finally {
    await embedder.close();
  }
  return vectors;
}
