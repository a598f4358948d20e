// The whole benchmark of the vector index: texts, their embeddings, an index of each library over the same vectors, recall
// against an exact search, and the time of a query, in turn. What cannot be measured has a reason in its row.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../dist/cli/options.js';
import { note, phase } from '../set-up/progress.mjs';
import { throwIfInterrupted } from './child.mjs';
import { findIndexPeers } from './index/peers.mjs';
import { IndexSubject } from './index/subject.mjs';
import { textsOf } from './index/texts.mjs';
import { vectorsOf } from './index/vectors.mjs';
import { interleave } from './interleave.mjs';
import { beginReport } from './machine.mjs';
import { median, significant } from './statistics.mjs';

const QUERIES = 1000;
const CONNECTIONS = 16;
const EF_CONSTRUCTION = 200;

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchIndex(options) {
  const report = beginReport('index');
  const { machine } = report;
  if (machine.load > 0.3) note(`The machine is not quiet (load ${machine.load}): read ratios, not times.`);
  const texts = textsOf(options.data);
  const count = Math.min(options.count, texts.length - QUERIES);
  const { home } = readSettings();
  const { vectors, dimensions, embedder } = await vectorsOf(texts.slice(0, count + QUERIES), { home, ...options });
  const folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
  const subjects = [];
  try {
    const task = taskIn(folder, vectors, { count, dimensions });
    const peers = [
      { name: 'engram', method: 'engram', efs: options.efs },
      { name: 'exact', method: 'exact', efs: [undefined] },
      ...(await findIndexPeers(options)),
    ];
    const missing = peers.filter(({ why }) => why !== undefined);
    for (const peer of peers.filter(({ why }) => why === undefined)) {
      const subject = await startSubject(peer, task, options.limit * 1000).catch((error) => {
        throwIfInterrupted();
        missing.push({ name: peer.name, why: error.message });
      });
      if (subject !== undefined) subjects.push(subject);
    }
    const rows = await measure(subjects, options);
    return {
      ...report.head(),
      embedder,
      queries: QUERIES,
      parameters: { connections: CONNECTIONS, efConstruction: EF_CONSTRUCTION, k: 10, threads: 1 },
      missing,
      rows: rows.map((row) => ({ ...row, n: count, dimensions })),
    };
  } finally {
    await Promise.all(subjects.map((subject) => subject.end()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first vectors are the queries, so that more vectors do not change them. */
function taskIn(folder, vectors, { count, dimensions }) {
  const [queries, base] = [join(folder, 'queries'), join(folder, 'base')];
  writeFileSync(queries, vectors.subarray(0, QUERIES * dimensions));
  writeFileSync(base, vectors.subarray(QUERIES * dimensions));
  return {
    base,
    queries,
    count,
    queryCount: QUERIES,
    dimensions,
    connections: CONNECTIONS,
    efConstruction: EF_CONSTRUCTION,
  };
}

const startSubject = (peer, task, limitMs) =>
  phase(`Building the index of ${peer.name}`, () => IndexSubject.start(peer, task, limitMs));

async function measure(subjects, { efs, seconds }) {
  const truth = await subjects.find(({ name }) => name === 'exact').labels();
  const rows = [];
  for (const ef of [undefined, ...efs]) {
    // engram comes first in every round, for the ratios.
    const asked = subjects.filter((subject) => subject.efs.includes(ef) || subject.name === 'engram');
    for (const subject of asked) Object.assign(subject, { ef, cpuMs: [] });
    const { ms, ratios } = await interleave(asked, seconds);
    for (const [i, { name, buildSeconds, bytes, version, efs: own }] of asked.entries()) {
      if (!own.includes(ef)) continue;
      rows.push({
        method: name,
        ef,
        recall10: significant(recall(await asked[i].labels(ef), truth), 4),
        msPerQuery: significant(ms[i]),
        cpuMsPerQuery: significant(median(asked[i].cpuMs)),
        queriesPerSecond: significant(1000 / ms[i]),
        timeOfEngram: significant(ratios[i]),
        buildSeconds: significant(buildSeconds),
        bytes,
        version,
      });
    }
  }
  return rows;
}

function recall(found, truth) {
  const shares = found.map((labels, i) => labels.filter((label) => truth[i].includes(label)).length / truth[i].length);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
