// Each answer of a case beside what it should be: the target, or the base model's own. A memory that its own probes rolled back
// counts as not learned, whatever was answered. Not here: what makes a text right (scoring.mjs), and shares (rows.mjs).
import { bestF1, contains, f1, isRight, normalise } from './scoring.mjs';

/**
 * @param {{ one: object, before: object, result: object, strategy: string, gate: boolean }} given the case, what the base model
 *   answered, what was measured (measure.mjs); `gate: false` takes the answers with the case's own memory on
 */
export function judge({ one, before, result, strategy, gate }) {
  const { learned, gated, ungated } = result;
  const { memories } = learned;
  const rolledBack = memories.some(isRolledBack);
  // Passages may still tell what the weights did not take.
  const isLost = strategy === 'weights' && memories.length === 1 && rolledBack;
  // A memory that is not there cannot be on: then everything is as it was.
  const after = gate ? gated : (ungated ?? before);
  const own = new Set(memories.map(({ id }) => id));
  const touched = ({ on, passages }) => ({
    own: on.some((id) => own.has(id)) || passages.some(({ source }) => source === one.id),
    any: on.length + passages.length > 0,
  });
  const asked = one.asked.map((question, j) => {
    const answer = after.asked[j];
    return {
      ...{ ask: question.ask, question: question.question, expected: question.answers, answer },
      right: !isLost && isRight(answer.text, question),
      old: one.old !== undefined && contains(answer.text, one.old.answers),
      f1: isLost ? 0 : bestF1(answer.text, question.answers),
      evidence: evidenceOf(question, one, memories, answer),
      ...touched(answer),
    };
  });
  const kept = (kind) =>
    after[kind].map((answer, j) => {
      const { text } = before[kind][j];
      return { before: text, answer, kept: answer.text === text, f1: f1(answer.text, text), ...touched(answer) };
    });
  return {
    ...{ rolledBack, superseded: learned.superseded },
    ...{ asked, neighbours: kept('neighbours'), unrelated: kept('unrelated') },
  };
}

/** What is answered after forgetting; nothing for a case of which nothing had been learned. */
export function judgeForgotten({ one, before, result }) {
  const { learned, forgotten } = result;
  const isLearned = learned.memories.length === 0 || learned.memories.some(({ committed }) => committed);
  if (forgotten === undefined || !isLearned) return [];
  return one.asked.map((question, j) => {
    const [after, base] = [forgotten[j].text, before.asked[j].text];
    return { right: isRight(after, question), before: isRight(base, question), same: after === base };
  });
}

/** Tried, and given up; not what the model knew already. */
const isRolledBack = ({ committed, steps }) => !committed && steps !== 0;

/** The share of the inputs which answer a question that were there for it, as a memory or in a passage. */
function evidenceOf({ evidence }, one, memories, { on, passages }) {
  if (evidence === undefined) return undefined;
  const read = passages.map(({ text }) => normalise(text)).join(' ');
  const isThere = (i) => on.includes(memories[i]?.id) || read.includes(normalise(one.inputs[i]));
  return evidence.filter(isThere).length / evidence.length;
}
