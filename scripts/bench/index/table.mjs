// The result of `bench -- index` as tables a person reads.
import { headLines, table } from '../table.mjs';
import { fastest } from './fastest.mjs';

const WANTED_RECALL = 0.98;

/** Ends with a newline. */
export function indexTable(result) {
  const { rows, missing, parameters } = result;
  const head = [
    ...headLines(result, 'one thread, one query at a time'),
    `${rows[0].n} vectors of ${rows[0].dimensions} numbers by ${result.embedder}, ${result.queries} queries; ` +
      `M ${parameters.connections}, efConstruction ${parameters.efConstruction}`,
  ];
  const best = fastest(rows, WANTED_RECALL);
  const engram = best.find(({ method }) => method === 'engram');
  const summary = best.map((row) => ({
    [`recall@10 of at least ${WANTED_RECALL}`]: row.method,
    ef: row.ef ?? '',
    recall: row.recall10,
    'ms a query': row.msPerQuery,
    'CPU ms': row.cpuMsPerQuery,
    "of engram's time": engram === undefined ? '' : `${(row.msPerQuery / engram.msPerQuery).toFixed(2)}x`,
  }));
  const notes = missing.map(({ name, why }) => `no ${name}: ${why}`);
  const parts = [head.join('\n'), table(rows.map(line)), summary.length > 0 ? table(summary) : '', notes.join('\n')];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

const line = (row) => ({
  method: row.method + (row.version === undefined ? '' : ` ${row.version}`),
  ef: row.ef ?? '',
  'recall@10': row.recall10,
  'ms a query': row.msPerQuery,
  'CPU ms': row.cpuMsPerQuery,
  'queries/s': row.queriesPerSecond,
  "of engram's time": row.method === 'engram' ? '' : `${row.timeOfEngram}x`,
  'build s': row.buildSeconds,
  MB: (row.bytes / 1e6).toFixed(1),
});
