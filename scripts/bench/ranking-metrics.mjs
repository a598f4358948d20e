// How good a ranking is. Grades are gains; what was not judged gains nothing.

/** Normalised discounted cumulative gain of the first `k`, as trec_eval computes it (linear gain). */
export function ndcg(ranking, relevant, k) {
  const discounted = (grades) => grades.reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0);
  const ideal = discounted([...relevant.values()].sort((a, b) => b - a).slice(0, k));
  return ideal === 0 ? 0 : discounted(ranking.slice(0, k).map((id) => relevant.get(id) ?? 0)) / ideal;
}

/** The share of the relevant ones that are among the first `k`. */
export function recall(ranking, relevant, k) {
  const found = ranking.slice(0, k).filter((id) => relevant.has(id)).length;
  return relevant.size === 0 ? 0 : found / relevant.size;
}

/** Means over all questions that have something relevant. `rankings`: ids of documents by id of the question. */
export function measure(queries, rankings) {
  const judged = queries.filter(({ relevant }) => relevant.size > 0);
  const mean = (of) =>
    judged.reduce((sum, { id, relevant }) => sum + of(rankings.get(id) ?? [], relevant), 0) / judged.length;
  return {
    queries: judged.length,
    ndcg10: mean((ranking, relevant) => ndcg(ranking, relevant, 10)),
    recall5: mean((ranking, relevant) => recall(ranking, relevant, 5)),
    recall10: mean((ranking, relevant) => recall(ranking, relevant, 10)),
  };
}
