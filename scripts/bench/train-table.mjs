// The result of `bench -- train` as tables a person reads.
import { headLines, table } from './table.mjs';

/** Ends with a newline. */
export function trainTable(result) {
  const { peakGflops, peers, model, rows, variants } = result;
  const peaks = Object.entries(peakGflops).map(([kind, gflops]) => `${kind} ${gflops}`);
  const head = [
    ...headLines(result, `peak on ${result.threads} threads: ${peaks.join(', ')} GFLOP/s`, model.name),
    `${describe('PEFT', peers.peft)}; ${describe('qvac', peers.qvac)}`,
    'rank 8, all seven projections, AdamW, a loss on every token',
  ];
  const tables = [table(rows.map(stepLine)), variants.length > 0 ? table(variants.map(variantLine)) : ''];
  const notes = [...new Set([...rows, ...variants].flatMap(reasons))];
  return `${[head.join('\n'), ...tables, notes.join('\n')].filter(Boolean).join('\n\n')}\n`;
}

function describe(name, { why, versions = {}, importedRssMb }) {
  if (why !== undefined) return `no ${name}: ${why}`;
  const list = Object.entries(versions).map(([library, version]) => `${library} ${version}`);
  const imported = importedRssMb === undefined ? '' : `, ${importedRssMb} MB before a model is loaded`;
  return `${name}: ${list.join(', ')}${imported}`;
}

function stepLine(row) {
  return {
    shape: `${row.batch}x${row.tokens}`,
    beside: row.condition,
    engram: ms(row.engramMs),
    PEFT: ms(row.peftMs),
    ratio: times(row.ratio),
    qvac: ms(row.qvacMs),
    'qvac ratio': times(row.qvacRatio),
    'of peak': row.shareOfPeak === undefined ? '' : `${percent(row.shareOfPeak)} ${row.peak}`,
    'PEFT of peak': percent(row.peftShareOfPeak),
    'of quiet': percent(row.engramOfQuiet),
    'PEFT of quiet': percent(row.peftOfQuiet),
    'RSS MB': row.engramRssMb ?? '',
    'PEFT RSS MB': row.peftRssMb ?? '',
  };
}

function variantLine(row) {
  return {
    [`${row.batch}x${row.tokens}, instead of the full step`]: row.variant,
    step: ms(row.engramMs),
    full: ms(row.fullMs),
    faster: times(row.speedup),
    work: row.gflop === undefined ? '' : `${row.gflop} GFLOP`,
    'RSS MB': row.engramRssMb ?? '',
  };
}

/** Why figures are missing, each reason once. */
function reasons({ batch, tokens, condition, variant, why, peftWhy, qvacWhy }) {
  const where = `${batch}x${tokens} ${variant ?? condition}`;
  const said = [why && `engram: ${why}`, peftWhy && `PEFT: ${peftWhy}`, qvacWhy && `qvac: ${qvacWhy}`];
  return said.filter(Boolean).map((text) => `${where}, ${text}`);
}

const ms = (value) => (value === undefined ? '' : `${value} ms`);
const times = (value) => (value === undefined ? '' : `${value}x`);
const percent = (share) => (share === undefined ? '' : `${Math.round(share * 100)}%`);
