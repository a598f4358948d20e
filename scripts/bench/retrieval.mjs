// The whole benchmark of retrieval: for each collection a row for each way of searching, engram's and the peers', measured over
// the same rankings. What cannot be measured has a reason in its row instead of figures.
import { readSettings } from '../../dist/cli/options.js';
import { resolveModel } from '../../dist/models/index.js';
import { readCorpora } from './corpora.mjs';
import { beginReport } from './machine.mjs';
import { measure } from './ranking-metrics.mjs';
import { MODES, openCorpus, searchAll } from './retrieval-engram.mjs';
import { findRetrievalPython, searchWithPeers } from './retrieval-peers.mjs';
import { significant } from './statistics.mjs';

/** Documents of a ranking that peers return. */
const MOST = 50;

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchRetrieval(options) {
  const report = beginReport('retrieval');
  const corpora = merged(readCorpora(options.data)).map((corpus) => sampled(corpus, options.queries));
  const { path: model } = await resolveModel(readSettings().home, options.embedder, { role: 'embedding' });
  const python = options.peers ? await findRetrievalPython(options.python) : undefined;
  const rows = [];
  for (const group of corpora) {
    for (const mode of MODES) rows.push(await engramRow(group, mode, options));
    if (python !== undefined)
      rows.push(...(await peerRows(group, python, { ...options, model: options.model ?? model })));
  }
  return {
    ...report.head(),
    embedder: options.embedder,
    threads: options.threads,
    rows,
  };
}

/** The conversations of LoCoMo are searched each for itself and reported together. */
function merged(corpora) {
  const groups = new Map();
  for (const corpus of corpora) {
    const name = corpus.name.replace(/^locomo-.*$/, 'locomo');
    groups.set(name, [...(groups.get(name) ?? []), corpus]);
  }
  return [...groups].map(([name, parts]) => ({ name, parts }));
}

function sampled({ name, parts }, most) {
  if (most === undefined) return { name, parts };
  const each = Math.ceil(most / parts.length);
  const some = (queries) =>
    queries.length <= each
      ? queries
      : Array.from({ length: each }, (_, i) => queries[Math.floor((i * queries.length) / each)]);
  return { name, parts: parts.map((part) => ({ ...part, queries: some(part.queries) })) };
}

async function engramRow({ name, parts }, mode, { embedder }) {
  const results = [];
  for (const corpus of parts) {
    const { documents, close } = await openCorpus(corpus, { embedder });
    try {
      results.push({ corpus, ...(await searchAll(documents, corpus, { mode })) });
    } finally {
      await close();
    }
  }
  return row(name, `engram ${mode}`, results);
}

async function peerRows({ name, parts }, python, options) {
  const found = [];
  for (const corpus of parts) {
    found.push({ corpus, methods: await searchWithPeers(python, corpus, { ...options, most: MOST }) });
  }
  return Object.keys(found[0].methods).map((method) => {
    const why = found.map(({ methods }) => methods[method]?.why).find((text) => text !== undefined);
    if (why !== undefined) return { corpus: name, method, why };
    const results = found.map(({ corpus, methods }) => ({
      corpus,
      rankings: new Map(Object.entries(methods[method].rankings)),
      ms: methods[method].msPerQuery,
    }));
    return row(name, method, results);
  });
}

/** Means over all questions of all parts. */
function row(name, method, results) {
  const parts = results.map(({ corpus, rankings, ms }) => ({ ms, ...measure(corpus.queries, rankings) }));
  const queries = parts.reduce((sum, part) => sum + part.queries, 0);
  const mean = (key) => significant(parts.reduce((sum, part) => sum + part[key] * part.queries, 0) / queries, 4);
  const documents = results.reduce((sum, { corpus }) => sum + corpus.documents.length, 0);
  return {
    ...{ corpus: name, method, documents, queries },
    ...{ ndcg10: mean('ndcg10'), recall5: mean('recall5'), recall10: mean('recall10'), msPerQuery: mean('ms') },
  };
}
