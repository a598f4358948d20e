// Generation and prompts over shapes and quantisations that people run: the measurement of infer.mjs for models of random weights
// (scripts/gguf/random.mjs), one after the other, each deleted when it is measured. Not here: what they say, which is nothing.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as models from '../../../dist/models/index.js';
import { phase } from '../../set-up/progress.mjs';
import { defaultTokenizer, makeRandomModel, MIXES, SHAPES } from '../../gguf/random.mjs';
import { benchInference } from '../infer.mjs';
import { headLines, table } from '../table.mjs';

export const MATRIX = ['135m', '360m', '1b', '3b'].flatMap((shape) =>
  ['Q4_0', 'Q4_1', 'Q4_K_M', 'Q8_0'].map((type) => `${shape}:${type}`),
);

/** Reads `1b:Q4_K_M`. Throws RangeError. */
export function readCell(text) {
  const [shape, type] = text.split(':');
  if (SHAPES[shape?.toLowerCase()] !== undefined && MIXES[type?.toUpperCase()] !== undefined) {
    return `${shape.toLowerCase()}:${type.toUpperCase()}`;
  }
  throw new RangeError(
    `Expected a shape of ${Object.keys(SHAPES).join(', ')} and a type of ${Object.keys(MIXES).join(', ')}, as in 1b:Q4_K_M.`,
  );
}

/** Options as benchInference() takes them; `cells` as readCell() gives them. Returns what --json prints. */
export async function benchMatrix({ cells, ...options }) {
  const tokenizer = await defaultTokenizer();
  const folder = mkdtempSync(join(tmpdir(), 'engram-matrix-'));
  const rows = [];
  let head;
  try {
    for (const cell of cells) {
      const [shape, type] = cell.split(':');
      const model = join(folder, `${shape}-${type}.gguf`);
      const free = statfsSync(folder);
      const made = await phase(`Making ${cell}`, async () =>
        makeRandomModel(models, { out: model, tokenizer, shape: SHAPES[shape], type }),
      ).catch((error) => ({ why: `${error.message} (${Math.round((free.bavail * free.bsize) / 1e9)} GB are free)` }));
      if (made.why !== undefined) {
        rows.push({ cell, why: made.why });
        continue;
      }
      const { rows: its, ...rest } = await benchInference({ ...options, model, adapters: 0, starts: false });
      head ??= rest;
      rows.push(...its.map((row) => ({ cell, parameters: made.parameters, ...row })));
      rmSync(model, { force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { ...head, benchmark: 'infer matrix', rows };
}

/** A line for each cell, work, condition and number of threads. */
export function matrixTable({ rows, ...result }) {
  const lines = rows.map(({ cell, what, condition, threads, engram, llamaBench, nodeLlamaCpp, ...row }) => ({
    model: cell,
    'tokens/s': what ?? '',
    beside: condition ?? '',
    threads: threads ?? '',
    engram: engram ?? '',
    'llama-bench': llamaBench ?? '',
    'node-llama-cpp': nodeLlamaCpp ?? '',
    'to llama-bench at its best': times(row.bestRatio),
    'to node-llama-cpp': times(row.nodeRatio),
  }));
  const notes = rows.flatMap(({ cell, what, why }) => (why === undefined ? [] : [`${cell} ${what ?? ''}: ${why}`]));
  const head = result.machine === undefined ? [] : headLines(result, 'random weights over one tokenizer', 'matrix');
  return `${[...head, '', table(lines), ...new Set(notes)].join('\n')}\n`;
}

const times = (value) => (value === undefined ? '' : `${value}x`);
