// The result of `bench -- memory` as tables a person reads.
import { headLines, table } from '../table.mjs';

/** Ends with a newline. */
export function memoryTable(result) {
  const { machine, rows, peakGflops, options } = result;
  const peaks = Object.entries(peakGflops).map(([kind, gflops]) => `${kind} ${gflops}`);
  const how = options.sequential ? 'all in one brain, asked at the end' : 'each alone in a brain';
  const head = [
    ...headLines(result, `peak on ${machine.cores} threads: ${peaks.join(', ')} GFLOP/s`, options.model),
    `${options.kind}, ${options.count} from row ${options.offset} on, seed ${options.seed}: ${how}`,
  ];
  if (result.cancelled) head.push('Interrupted: what was measured until then.');
  const tables = [scores, changes, costs].map((columns) => rows.map(columns)).map(tableOf);
  const kinds = rows.flatMap(({ strategy, gate, kinds }) =>
    kinds === undefined ? [] : [{ ...name({ strategy, gate }), ...kindCells(kinds) }],
  );
  const misses = (result.misses ?? []).map(missLine).join('\n');
  return `${[head.join('\n'), ...tables, tableOf(kinds), peftLines(result.peft), misses].filter(Boolean).join('\n\n')}\n`;
}

/** The training beside PEFT's, a memory a line, and the medians. */
function peftLines(peft) {
  if (peft === undefined) return '';
  if (peft.rows === undefined) return `Without PEFT: ${peft.why}`;
  const { versions, dtype, precision, threads, memories } = peft;
  const line = (row) => ({
    memory: row.case ?? `median of ${memories}`,
    steps: row.steps,
    'engram s': row.engramSeconds,
    'PEFT s': row.peftSeconds,
    'times as fast': row.ratio,
    'by CPU seconds': row.cpuRatio,
    'engram ms a step': row.engramStepMs,
    'PEFT ms a step': row.peftStepMs,
    'by step': row.stepRatio,
  });
  const about = `PEFT ${versions.peft}, torch ${versions.torch}, ${dtype}; engram ${precision}; ${threads} threads: the same steps`;
  return `${about}\n\n${table([...peft.rows, peft].map(line))}`;
}

const tableOf = (lines) => {
  const isEmpty = lines.every((line) => Object.keys(line).every((key) => key === 'strategy' || line[key] === ''));
  return isEmpty ? '' : table(lines);
};

const name = ({ strategy, gate }) => ({ strategy: gate ? strategy : `${strategy}, no gate` });

const scores = (row) => ({
  ...name(row),
  memories: row.count,
  'rolled back': row.rolledBack || '',
  efficacy: percent(row.efficacy),
  paraphrase: percent(row.paraphrase),
  portability: percent(row.portability),
  accuracy: row.kinds === undefined ? '' : percent(row.accuracy),
  F1: percent(row.f1),
  'neighbours kept': percent(row.neighbours),
  'neighbours F1': percent(row.neighboursF1),
  'unrelated kept': percent(row.unrelated),
  'unrelated F1': percent(row.unrelatedF1),
  evidence: percent(row.evidence),
});

const changes = (row) => ({
  ...name(row),
  'superseded: new': percent(row.supersededNew),
  old: percent(row.supersededOld),
  'forgotten: recalled': percent(row.forgottenRecalled),
  'by the base model': percent(row.forgottenKnownBefore),
  'not by it': percent(row.forgottenLeft),
  'as before': percent(row.forgottenAsBefore),
});

const costs = (row) => ({
  ...name(row),
  's a memory': row.secondsPerMemory ?? '',
  tokens: row.tokensPerMemory ?? '',
  GFLOP: row.gflopPerMemory ?? '',
  'adapter MB': row.adapterBytes === undefined ? '' : (row.adapterBytes / 1e6).toFixed(2),
  'prompt tokens': row.promptTokensPerQuestion ?? '',
  's a question': row.secondsPerQuestion ?? '',
  'own touched': percent(row.touchedOwn),
  'neighbours touched': percent(row.touchedNeighbours),
  'unrelated touched': percent(row.touchedUnrelated),
});

const missLine = ({ case: id, ask, question, expected, answer, ...row }) =>
  `${name(row).strategy}, ${id}, ${ask}: ${question === undefined ? '' : `${oneLine(question)} → `}${oneLine(answer)} (${oneLine([expected].flat().join(' | '))})`;

const oneLine = (text) => text.replace(/\s+/g, ' ').slice(0, 160);

const kindCells = (kinds) =>
  Object.fromEntries(Object.entries(kinds).map(([kind, { asked, right }]) => [`${kind} (${asked})`, percent(right)]));

const percent = (share) => (share === undefined ? '' : `${Number((share * 100).toFixed(1))}%`);
