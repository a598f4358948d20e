// From what was judged to the shares of a row, and what was not held, for a person to read. Not here: the judging.
import { mean, significant } from '../statistics.mjs';
import { judge, judgeForgotten } from './judging.mjs';

/**
 * The row of a strategy over the cases that were measured; undefined for none.
 * @param {{ strategy: string, gate: boolean, cases: object[], base: Map<number, object>, results: Map<number, object> }} given
 *   by the number of the case: the base model's answers, and the strategy's (see measure.mjs). `gate: false` takes those with
 *   the case's own memory on
 */
export function rowOf({ strategy, gate, cases, base, results }) {
  const known = [...results].filter(([i]) => base.has(i));
  const judged = known.flatMap(([i, result]) =>
    result.gated === undefined ? [] : [judge({ one: cases[i], before: base.get(i), result, strategy, gate })],
  );
  const forgotten = known.flatMap(([i, result]) => judgeForgotten({ one: cases[i], before: base.get(i), result }));
  if (judged.length + forgotten.length === 0) return undefined;
  const asked = judged.flatMap((one) => one.asked);
  const of = (kind) => asked.filter(({ ask }) => ask === kind);
  const right = (some) => share(some, (one) => one.right);
  const neighbours = judged.flatMap((one) => one.neighbours);
  const unrelated = judged.flatMap((one) => one.unrelated);
  return defined({
    strategy,
    gate,
    count: results.size,
    rolledBack: judged.filter((one) => one.rolledBack).length,
    // A text has no wording that it was remembered in.
    efficacy: right(of('efficacy')) ?? right(asked),
    paraphrase: right(of('paraphrase')),
    portability: right(of('portability')),
    neighbours: share(neighbours, (one) => one.kept),
    neighboursF1: average(neighbours, (one) => one.f1),
    unrelated: share(unrelated, (one) => one.kept),
    unrelatedF1: average(unrelated, (one) => one.f1),
    accuracy: right(asked),
    f1: average(asked, (one) => one.f1),
    kinds: kindsOf(asked),
    evidence: average(
      asked.filter(({ evidence }) => evidence !== undefined),
      ({ evidence }) => evidence,
    ),
    ...superseding(judged),
    ...forgetting(forgotten),
    ...touching({ asked, neighbours, unrelated }),
    ...costs([...results.values()], asked),
  });
}

/** Right answers by kind of question, where there are others than those of facts. */
function kindsOf(asked) {
  const kinds = [...new Set(asked.map(({ ask }) => ask))];
  if (kinds.every((kind) => ['efficacy', 'paraphrase', 'portability'].includes(kind))) return undefined;
  return Object.fromEntries(
    kinds.sort().map((kind) => {
      const some = asked.filter(({ ask }) => ask === kind);
      return [kind, { asked: some.length, right: share(some, ({ right }) => right) }];
    }),
  );
}

/** Of the questions about what was superseded: answered with the new, and with the old. */
function superseding(judged) {
  const asked = judged.filter(({ superseded }) => superseded).flatMap((one) => one.asked);
  return { supersededNew: share(asked, ({ right }) => right), supersededOld: share(asked, ({ old }) => old) };
}

/** Of the questions about what was forgotten: still answered right, by the base model too, by it not, and answered exactly as by it. */
function forgetting(asked) {
  return {
    forgottenRecalled: share(asked, ({ right }) => right),
    forgottenLeft: share(asked, ({ right, before }) => right && !before),
    forgottenKnownBefore: share(asked, ({ before }) => before),
    forgottenAsBefore: share(asked, ({ same }) => same),
  };
}

/** What was let through, memories or passages: the case's own for what is asked about it, any for what must stay. */
function touching({ asked, neighbours, unrelated }) {
  return {
    touchedOwn: share(asked, ({ own }) => own),
    touchedNeighbours: share(neighbours, ({ any }) => any),
    touchedUnrelated: share(unrelated, ({ any }) => any),
  };
}

/** Questions that were answered wrong, and answers that should have stayed. */
export function missesOf({ strategy, gate, cases, base, results }) {
  return [...results].flatMap(([i, result]) => {
    if (!base.has(i) || result.gated === undefined) return [];
    const { asked, neighbours, unrelated } = judge({ one: cases[i], before: base.get(i), result, strategy, gate });
    const wrong = asked
      .filter(({ right }) => !right)
      .map(({ ask, question, expected, answer }) => ({ ask, question, expected, answer: answer.text }));
    const moved = Object.entries({ neighbours, unrelated }).flatMap(([ask, some]) =>
      some.filter(({ kept }) => !kept).map(({ before, answer }) => ({ ask, expected: before, answer: answer.text })),
    );
    return [...wrong, ...moved].map((miss) => ({ strategy, gate, case: cases[i].id, ...miss }));
  });
}

function costs(results, asked) {
  const learned = results.map((result) => result.learned);
  const memories = learned.flatMap((one) => one.memories);
  const count = Math.max(1, memories.length);
  const total = (key) => memories.reduce((sum, memory) => sum + (memory[key] ?? 0), 0);
  const isLearning = memories.length > 0;
  const seconds = learned.reduce((sum, one) => sum + one.seconds, 0);
  return {
    memories: memories.length,
    secondsPerMemory: seconds === 0 ? undefined : significant(seconds / Math.max(memories.length, learned.length)),
    tokensPerMemory: isLearning ? Math.round(total('tokens') / count) : undefined,
    gflopPerMemory: isLearning ? significant(total('flop') / 1e9 / count) : undefined,
    adapterBytes: isLearning
      ? Math.round(
          average(
            memories.filter((one) => one.adapterBytes),
            (one) => one.adapterBytes,
          ) ?? 0,
        )
      : undefined,
    promptTokensPerQuestion: round(average(asked, ({ answer }) => answer.promptTokens)),
    secondsPerQuestion: average(asked, ({ answer }) => answer.seconds),
  };
}

/** Both undefined where there is nothing to count. */
const share = (some, holds) => average(some, (one) => (holds(one) ? 1 : 0));
const average = (some, value) => significant(mean(some.map(value)), 4);
const round = (value) => (value === undefined ? undefined : Math.round(value));

function defined(row) {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}
