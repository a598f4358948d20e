// The result of `bench -- infer` as tables a person reads.
import { headLines, table } from './table.mjs';

/** Ends with a newline. */
export function inferTable(result) {
  const { machine, peakGflops, peers, model, rows, training, starts, adapters } = result;
  const peaks = Object.entries(peakGflops).map(([kind, gflops]) => `${kind} ${gflops}`);
  const head = [
    ...headLines(result, `peak on ${machine.cores} threads: ${peaks.join(', ')} GFLOP/s`, model.name),
    `${describe('llama-bench', peers.llamaBench)}; ${describe('node-llama-cpp', peers.nodeLlamaCpp)}`,
  ];
  const tables = [
    rows.map(speedLine),
    training.map(trainingLine),
    starts.map(startLine),
    adapters.map(adapterLine),
  ].map((lines) => (lines.length > 0 ? table(lines) : ''));
  const notes = [...rows, ...training, ...starts, ...adapters].flatMap((row) => reasons(row, result.limitSeconds));
  return `${[head.join('\n'), ...tables, notes.join('\n')].filter(Boolean).join('\n\n')}\n`;
}

function describe(name, { why, version }) {
  return why === undefined ? `${name} ${version}` : `no ${name}: ${why}`;
}

function speedLine(row) {
  const speed = (name) => (row[name] === undefined ? '' : `${row.late?.includes(name) ? '~' : ''}${row[name]}`);
  return {
    'tokens/s': row.what,
    beside: row.condition,
    threads: row.threads,
    engram: speed('engram'),
    'llama-bench': speed('llamaBench'),
    'node-llama-cpp': speed('nodeLlamaCpp'),
    ratio: times(row.ratio),
    'to its best': times(row.bestRatio),
    'to node-llama-cpp': times(row.nodeRatio),
    'of quiet': percent(row.engramOfQuiet),
    'llama-bench of quiet': percent(row.llamaBenchOfQuiet),
    'node-llama-cpp of quiet': percent(row.nodeLlamaCppOfQuiet),
  };
}

function trainingLine({ threads, alone, whileGenerating, share }) {
  return {
    'training, steps/s': 'in the same process',
    threads,
    alone: alone ?? '',
    'while generating': whileGenerating,
    'of quiet': percent(share),
  };
}

function startLine({ what, unit, engram, llamaBench, nodeLlamaCpp, ratio }) {
  const figure = (value) => (value === undefined ? '' : `${value} ${unit}`);
  return {
    start: what,
    engram: figure(engram),
    'llama-bench': figure(llamaBench),
    'node-llama-cpp': figure(nodeLlamaCpp),
    'to node-llama-cpp': times(ratio),
  };
}

function adapterLine({ engine, adapters, adapterMb, newMs, newCpuMs, knownMs, rssAtFirstMb, rssAtLastMb }) {
  const figure = (value, unit) => (value === undefined ? '' : `${value} ${unit}`.trim());
  return {
    adapters: engine,
    size: figure(adapterMb, 'MB'),
    'switch to a new one': figure(newMs, 'ms'),
    'CPU time': figure(newCpuMs, 'ms'),
    'to a known one': figure(knownMs, 'ms'),
    'RSS after ten': figure(rssAtFirstMb, 'MB'),
    'and so many more': figure(adapters, ''),
    'RSS then': figure(rssAtLastMb, 'MB'),
  };
}

/** Why a figure is missing, or that it comes from what was done within the limit. */
function reasons({ what, engine, condition, threads, late, why }, limitSeconds) {
  const where = [what ?? engine ?? 'training', condition, threads && `threads ${threads}`].filter(Boolean).join(', ');
  const slow =
    (late ?? []).length > 0 ? [`${where}: ~ what was done of it in ${limitSeconds} s (${late.join(', ')})`] : [];
  return [...slow, ...(why === undefined ? [] : [`${where}: ${why}`])];
}

const times = (value) => (value === undefined ? '' : `${value}x`);
const percent = (share) => (share === undefined ? '' : `${Math.round(share * 100)}%`);
