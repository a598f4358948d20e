// From what the gate said to shares by kind of question, beside those of closeness alone, whose one line lets as many near questions be
// kept. Not here: asking it (gate.mjs).
import { ANSWERED, KEPT } from '../everyday/data.mjs';
import { mean, median, significant } from '../statistics.mjs';

/** Two rows for each file, and for all of several. @param {object[]} asked questions with what gate/world.mjs says of them */
export function rowsOf(asked) {
  if (asked.length === 0) return [];
  const line = lineOf(asked);
  const files = [...new Set(asked.map(({ file }) => file))];
  return [...files, ...(files.length > 1 ? ['all'] : [])].flatMap((file) => {
    const some = file === 'all' ? asked : asked.filter((one) => one.file === file);
    return [
      { file, by: 'gate', kinds: kindsOf(some, holdsByGate), ...timesOf(some.map(({ ms }) => ms)) },
      { file, by: 'closeness', line: significant(line, 4), kinds: kindsOf(some, (one) => holdsByCloseness(one, line)) },
    ];
  });
}

/** Reached the memory that answers, or left alone. */
function holdsByGate({ kind, of, at, isUnknown }) {
  if (!KEPT.includes(kind)) return at !== undefined && of.includes(at);
  return at === undefined && !(kind === 'general' && isUnknown);
}

function holdsByCloseness({ kind, of, nearest }, line) {
  const passes = nearest.closeness > line;
  return KEPT.includes(kind) ? !passes : passes && of.includes(nearest.at);
}

/** The closeness that keeps as many of the near questions as the gate does; chosen on these questions themselves, in its favour. */
export function lineOf(asked) {
  const near = asked.filter(({ kind }) => kind === 'near');
  const kept = near.filter(holdsByGate).length;
  const sorted = near.map(({ nearest }) => nearest.closeness).sort((a, b) => a - b);
  return kept === 0 ? -1 : sorted[kept - 1];
}

function kindsOf(asked, holds) {
  const kinds = [...ANSWERED, ...KEPT].filter((kind) => asked.some((one) => one.kind === kind));
  return Object.fromEntries(
    kinds.map((kind) => {
      const some = asked.filter((one) => one.kind === kind);
      const share = significant(mean(some.map((one) => (holds(one) ? 1 : 0))), 4);
      return [kind, { asked: some.length, [KEPT.includes(kind) ? 'kept' : 'reaches']: share }];
    }),
  );
}

/** Of milliseconds the median and the time within which 95 of 100 were done. */
export function timesOf(ms) {
  if (ms.length === 0) return {};
  const sorted = [...ms].sort((a, b) => a - b);
  return { msMedian: significant(median(sorted)), msP95: significant(sorted[Math.ceil(0.95 * sorted.length) - 1]) };
}

/** What the gate got wrong; `reached` and `nearest` are places in the brain. */
export function missesOf(asked) {
  return asked
    .filter((one) => !holdsByGate(one))
    .map(({ file, row, kind, question, of, at, nearest }) => ({ file, row, kind, question, of, reached: at, nearest }));
}
