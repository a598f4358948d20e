// From answers to shares. A memory that its own probes rolled back counts as not learned, whatever was answered; its costs
// count all the same. Not here: what makes one answer right (scoring.mjs).
import { mean, significant } from '../statistics.mjs';
import { bestF1, contains, f1, isRight } from './scoring.mjs';

/**
 * The row of a strategy over the cases that were measured; undefined for none.
 * @param {{ strategy: string, gate: boolean, cases: object[], base: Map<number, object>, results: Map<number, object> }} given
 *   by the number of the case: the base model's answers, and the strategy's (see measure.mjs). `gate: false` takes those with
 *   the case's own memory on
 */
export function rowOf({ strategy, gate, cases, base, results }) {
  const judged = [];
  for (const [i, result] of results) {
    if (!base.has(i) || (result.forgotten !== undefined && result.gated === undefined)) continue;
    judged.push(judge(cases[i], base.get(i), result, gate));
  }
  const forgotten = [...results].filter(([i, result]) => result.forgotten !== undefined && base.has(i));
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
    ...superseding(judged),
    ...forgetting(forgotten, cases, base),
    ...touching({ asked, neighbours, unrelated }),
    ...costs([...results.values()], asked),
  });
}

/** The row of the base model, which has learned nothing: its answers are those that others are compared with. */
export function baseRow({ cases, base }) {
  const results = new Map([...base].map(([i, gated]) => [i, { learned: { seconds: 0, memories: [] }, gated }]));
  return rowOf({ strategy: 'none', gate: true, cases, base, results });
}

function judge(one, before, { learned, gated, ungated }, gate) {
  const { memories } = learned;
  const rolledBack = memories.some((memory) => !memory.committed && memory.steps !== 0);
  // What was taken back answers as before, with any adapter that could be on.
  const after = gate ? gated : (ungated ?? before);
  const lost = rolledBack && memories.length === 1;
  const own = new Set(memories.map(({ id }) => id));
  const touched = ({ on }) => ({ own: on.some((id) => own.has(id)), any: on.length > 0 });
  const asked = one.asked.map((question, j) => ({
    ask: question.ask,
    right: !lost && isRight(after.asked[j].text, question),
    old: one.old !== undefined && contains(after.asked[j].text, one.old.answers),
    f1: lost ? 0 : bestF1(after.asked[j].text, question.answers),
    answer: after.asked[j],
    ...touched(after.asked[j]),
  }));
  const kept = (kind) =>
    after[kind].map((answer, j) => ({
      kept: answer.text === before[kind][j].text,
      f1: f1(answer.text, before[kind][j].text),
      ...touched(answer),
    }));
  return {
    rolledBack,
    asked,
    neighbours: kept('neighbours'),
    unrelated: kept('unrelated'),
    superseded: learned.superseded,
  };
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

/** Of the questions about what was forgotten: still answered right, by the base model too, and answered exactly as by it. */
function forgetting(forgotten, cases, base) {
  const asked = forgotten.flatMap(([i, result]) =>
    cases[i].asked.map((question, j) => {
      const [after, before] = [result.forgotten[j].text, base.get(i).asked[j].text];
      return { right: isRight(after, question), before: isRight(before, question), same: after === before };
    }),
  );
  return {
    forgottenRecalled: share(asked, ({ right }) => right),
    forgottenKnownBefore: share(asked, ({ before }) => before),
    forgottenAsBefore: share(asked, ({ same }) => same),
  };
}

/** What the gate let through: the case's own memory for what is asked about it, any memory for what must stay. */
function touching({ asked, neighbours, unrelated }) {
  return {
    touchedOwn: share(asked, ({ own }) => own),
    touchedNeighbours: share(neighbours, ({ any }) => any),
    touchedUnrelated: share(unrelated, ({ any }) => any),
  };
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
