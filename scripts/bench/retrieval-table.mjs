// The result of `bench -- retrieval` as a table a person reads.
import { headLines, table } from './table.mjs';

/** Ends with a newline. */
export function retrievalTable({ embedder, threads, rows, ...result }) {
  const head = headLines(result, `${threads} threads`, embedder);
  const lines = rows.map((row) => ({
    collection: row.corpus,
    method: row.method,
    documents: row.documents ?? '',
    questions: row.queries ?? '',
    'nDCG@10': row.ndcg10 ?? '',
    'recall@5': row.recall5 ?? '',
    'recall@10': row.recall10 ?? '',
    'ms a question': row.msPerQuery ?? '',
  }));
  const reasons = rows.filter(({ why }) => why).map(({ corpus, method, why }) => `${corpus}, ${method}: ${why}`);
  return `${[head.join('\n'), table(lines), reasons.join('\n')].filter(Boolean).join('\n\n')}\n`;
}
