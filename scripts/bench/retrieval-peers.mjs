// The peers of searching, in Python: an environment of their own in the cache, made on first use, and one process for each
// collection. Not here: what they do (retrieval_peers.py).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { note, phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';
import { cached, cacheFolder } from './cache.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const HINT = 'Name an interpreter that has scripts/bench/requirements-retrieval.txt installed with --python PATH.';
const NEEDED = 'import rank_bm25';

/** A Python with the peers, the given one or one in the cache; undefined, with a note, if it cannot be had. */
export async function findRetrievalPython(given) {
  try {
    const python = given ?? (await environment());
    await run(python, ['-c', NEEDED], { hint: HINT });
    return python;
  } catch (error) {
    note(`Without the peers in Python: ${error.message}`);
    return undefined;
  }
}

async function environment() {
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const folder = await cached('python-retrieval', (path) =>
    phase('Installing sentence-transformers and faiss, once', async () => {
      await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', path], { hint: HINT });
      const list = here('requirements-retrieval.txt');
      await run(join(path, ...inside), ['-m', 'pip', 'install', '-r', list], { hint: HINT });
    }),
  );
  return join(folder, ...inside);
}

/** Rankings and ms a query by method. `model`: what sentence-transformers loads. */
export async function searchWithPeers(python, corpus, { model, threads, most }) {
  const folder = join(cacheFolder(), 'retrieval', corpus.name);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'peers.json');
  const queries = corpus.queries.map(({ id, text }) => ({ id, text }));
  writeFileSync(path, JSON.stringify({ documents: corpus.documents, queries, model, threads, most }));
  const said = await phase(`Searching ${corpus.name} with the peers`, () =>
    run(python, [here('retrieval_peers.py'), path]),
  );
  return JSON.parse(said.slice(said.indexOf('{')));
}
