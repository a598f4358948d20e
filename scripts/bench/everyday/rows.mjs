// From what was measured of brains to the shares of a row, and what was wrong, for a person to read. Not here: whether an answer is
// right (scoring.mjs).
import { mean, median, significant } from '../statistics.mjs';
import { ANSWERED, KEPT } from './data.mjs';
import { isRight, saysOf } from './scoring.mjs';

/** Of the first so many questions about a committed memory so many must be answered right, else a person finds it wrong. */
const PERSON = { asks: 3, right: 2 };

/** @typedef {{ brain: import('./data.mjs').Brain, measured: import('./measure.mjs').Measured }} One */

/** A row for each file, and one for all of several. @param {One[]} all */
export function rowsOf(all) {
  const files = [...new Set(all.map(({ brain }) => brain.file))];
  const rows = files.map((file) =>
    rowOf(
      file,
      all.filter(({ brain }) => brain.file === file),
    ),
  );
  return (files.length > 1 ? [...rows, rowOf('all', all)] : rows).filter((row) => row !== undefined);
}

/** Undefined where nothing was asked yet. @param {One[]} some */
function rowOf(file, some) {
  const judged = some.flatMap(judgedOf);
  if (judged.length === 0) return undefined;
  const told = some.flatMap(({ measured }) => measured.told);
  const updates = some.flatMap(updatesOf);
  return defined({
    file,
    brains: some.length,
    memories: told.length,
    committed: told.filter(({ committed }) => committed).length,
    kinds: kindsOf(judged),
    committedWrong: wronglyCommitted(some),
    updates: updates.length === 0 ? undefined : changesOf(updates),
    ...secondsOf([...told, ...some.flatMap(({ measured }) => measured.updated)]),
  });
}

/** Each question that was answered, with what it came to. */
function judgedOf({ brain, measured }) {
  return measured.said.map((said, i) => {
    const asked = brain.asked[i];
    const own = (asked.of ?? []).map((at) => idOf(measured.told[at]));
    return {
      ...{ ...asked, said },
      right: asked.answers === undefined ? undefined : isRight(said.text, asked),
      reaches: said.on.length > 0 && own.includes(said.on[0]),
      kept: isKept(asked.kind, said),
    };
  });
}

/** No memory answered. That it is not known is a good answer to what only the person could tell, and none to general knowledge. */
const isKept = (kind, { source }) => source !== 'weights' && !(kind === 'general' && source === 'unknown');

/** The memory that holds what was told; undefined for what was given up. */
const idOf = ({ committed, id }) => (committed ? id : undefined);

function kindsOf(judged) {
  const of = (kind) => judged.filter((one) => one.kind === kind);
  const answered = ANSWERED.map((kind) => [kind, of(kind), ['right', 'reaches']]);
  const kept = KEPT.map((kind) => [kind, of(kind), ['kept']]);
  return Object.fromEntries(
    [...answered, ...kept]
      .filter(([, some]) => some.length > 0)
      .map(([kind, some, names]) => [
        kind,
        { asked: some.length, ...Object.fromEntries(names.map((name) => [name, share(some, (one) => one[name])])) },
      ]),
  );
}

/** Of the memories that were asked about, of files of rows: how many are committed, and of these how many a person finds wrong. */
function wronglyCommitted(some) {
  const counts = { committed: 0, wrong: 0 };
  for (const one of some) {
    const judged = judgedOf(one);
    one.brain.memories.forEach(({ id }, i) => {
      if (one.measured.told[i]?.committed !== true) return;
      const first = judged.filter(({ row, kind }) => row === id && isAsk(kind)).slice(0, PERSON.asks);
      if (first.length < PERSON.asks) return;
      counts.committed++;
      if (first.filter(({ right }) => right).length < PERSON.right) counts.wrong++;
    });
  }
  if (counts.committed === 0) return undefined;
  return { ...counts, share: significant(counts.wrong / counts.committed, 4) };
}

const isAsk = (kind) => ANSWERED.includes(kind) && kind !== 'implied';

/** What became of each update that was asked about. */
function updatesOf({ brain, measured }) {
  return measured.saidThen.map((said, i) => {
    const update = brain.updates[i];
    const supersedes = measured.updated[i].supersedes ?? [];
    const own = idOf(measured.told[update.replaces]);
    return {
      ...{ ...update, said, committed: measured.updated[i].committed },
      new: update.new.some((one) => saysOf(said.text, one)),
      old: update.old.some((one) => saysOf(said.text, one)),
      expected: update.new,
      replaced: supersedes.includes(own),
      others: supersedes.filter((id) => id !== own).length,
    };
  });
}

function changesOf(updates) {
  return {
    asked: updates.length,
    committed: updates.filter(({ committed }) => committed).length,
    new: share(updates, (one) => one.new),
    old: share(updates, (one) => one.old),
    replaced: share(updates, (one) => one.replaced),
    othersSuperseded: updates.reduce((sum, { others }) => sum + others, 0),
  };
}

function secondsOf(told) {
  const seconds = told.map((one) => one.seconds).filter((one) => one > 0);
  return { secondsPerMemory: significant(mean(seconds)), medianSecondsPerMemory: significant(median(seconds)) };
}

/** What was not committed, answered wrong, or answered by a memory though none answers it. @param {One[]} all */
export function missesOf(all) {
  return all.flatMap((one) => {
    const { brain, measured } = one;
    const about = { file: brain.file };
    const lost = measured.told.flatMap(({ committed, reason }, i) =>
      committed
        ? []
        : [
            {
              ...about,
              kind: 'not committed',
              row: brain.memories[i].id,
              expected: brain.memories[i].text,
              said: reason,
            },
          ],
    );
    const wrong = judgedOf(one)
      .filter((judged) => (KEPT.includes(judged.kind) ? !judged.kept : !isWell(judged)))
      .map(({ kind, row, question, answers, reaches, said }) => ({
        ...{ ...about, kind, row, question, said: said.text, source: said.source },
        ...(answers === undefined ? {} : { expected: answers, reaches }),
      }));
    const unchanged = updatesOf(one)
      .filter((update) => !update.new || update.old || update.others > 0)
      .map(({ question, expected, said, others }) => ({
        ...{ ...about, kind: 'update', question, expected, said: said.text, source: said.source },
        ...(others > 0 ? { othersSuperseded: others } : {}),
      }));
    return [...lost, ...wrong, ...unchanged];
  });
}

const isWell = ({ kind, right, reaches }) => (kind === 'implied' ? reaches : right);

/** Undefined where there is nothing to count. */
const share = (some, holds) => significant(mean(some.map((one) => (holds(one) ? 1 : 0))), 4);

function defined(row) {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}
