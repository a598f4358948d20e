// engram's own ways of searching a collection: its documents are ingested as files, as a user's are, and each question is
// searched by meaning, by words and by both. The library stays in the cache, so that a second run embeds nothing.
import { mkdirSync, readdirSync, rmSync, symlinkSync, existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readSettings } from '../../dist/cli/options.js';
import { Engram } from '../../dist/index.js';
import { phase } from '../set-up/progress.mjs';
import { cacheFolder } from './cache.mjs';
import { throwIfInterrupted } from './child.mjs';
import { median } from './statistics.mjs';

/** Passages asked for: several of one document count once. */
const PASSAGES = 50;

export const MODES = ['dense', 'lexical', 'fused'];

/** Ingests a collection; returns how to search it. */
export async function openCorpus(corpus, { embedder }) {
  const folder = join(cacheFolder(), 'retrieval', corpus.name);
  const files = join(folder, 'documents');
  writeDocuments(corpus, files);
  const models = join(readSettings().home, 'models');
  if (!existsSync(join(folder, 'models'))) symlinkSync(models, join(folder, 'models'), 'dir');
  const engram = await Engram.open({ home: folder, embedder, offline: true, lazy: true });
  const report = await phase(`Ingesting ${corpus.name}`, (update) =>
    engram.documents.ingest([files], {
      onProgress: (progress) => {
        throwIfInterrupted();
        if (progress.phase === 'read') update(`${progress.done} of ${progress.of} documents`);
      },
    }),
  );
  return { documents: engram.documents, report, close: () => engram.close() };
}

/** Rankings of documents by id of the question, and the median time of a question in ms. */
export async function searchAll(documents, corpus, options) {
  const rankings = new Map();
  const times = [];
  for (const { id, text } of corpus.queries) {
    throwIfInterrupted();
    const started = performance.now();
    const passages = await documents.search(text, { k: PASSAGES, ...options });
    times.push(performance.now() - started);
    rankings.set(id, [...new Set(passages.map(documentOf))]);
  }
  return { rankings, ms: median(times) };
}

/** A file for each document, named by its id; written anew only where it is not there. */
function writeDocuments({ documents }, folder) {
  mkdirSync(folder, { recursive: true });
  const there = new Set(readdirSync(folder));
  for (const { id, title, text } of documents) {
    const name = `${nameOf(id)}.md`;
    if (!there.delete(name)) writeFileSync(join(folder, name), title ? `# ${title}\n\n${text}\n` : `${text}\n`);
  }
  for (const name of there) rmSync(join(folder, name));
}

/** Ids may have characters that no file name can. */
const nameOf = (id) => `d${Buffer.from(id).toString('hex')}`;

/** The document that a passage is of. */
export const documentOf = ({ source }) => Buffer.from(basename(source, '.md').slice(1), 'hex').toString();
