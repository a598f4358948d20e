// What a saved state saves: a conversation of so many tokens is gone on with in a model loaded anew, with its state and without.
// Not here: how fast a prompt is read (infer).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../dist/cli/options.js';
import { loadGenerator } from '../../dist/inference/index.js';
import { modelSha256, resolveModel } from '../../dist/models/index.js';
import { note } from '../set-up/progress.mjs';
import { throwIfInterrupted } from './child.mjs';
import { beginReport } from './machine.mjs';
import { headLines } from './table.mjs';
import { median, significant } from './statistics.mjs';

/** Tokens left free for a question and an answer. */
const ROOM = 256;

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchState({ model: wanted, tokens: lengths, rounds, threads }) {
  const report = beginReport('state');
  const { home } = readSettings();
  const { name, path } = await resolveModel(home, wanted);
  const sha256 = await modelSha256(home, path);
  const folder = mkdtempSync(join(tmpdir(), 'engram-bench-state-'));
  const load = (tokens) =>
    loadGenerator(path, {
      contextSize: tokens + ROOM,
      modelSha256: () => Promise.resolve(sha256),
      ...(threads === undefined ? {} : { threads }),
    });
  const rows = [];
  try {
    for (const tokens of lengths) {
      note(`A history of ${tokens} tokens`);
      rows.push(await row(await conversation(load, tokens), () => load(tokens), join(folder, 'state'), rounds));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return {
    ...report.head(),
    model: { name, sha256 },
    threads,
    rows,
  };
}

/** Turns of some sentences, about so many tokens together. */
async function conversation(load, tokens) {
  const generator = await load(tokens);
  const messages = [];
  for (let turn = 1; ; turn++) {
    const next = [
      {
        role: 'user',
        content: `Question ${turn}: what is known of the number ${turn * 37}, and who has written of it?`,
      },
      {
        role: 'assistant',
        content: `Of the number ${turn * 37} little is known. Some have written of it, none at length.`,
      },
    ];
    if (generator.encodeChat([...messages, ...next]).length > tokens) break;
    messages.push(...next);
  }
  await generator.close();
  return messages;
}

async function row(history, load, path, rounds) {
  const asked = [...history, { role: 'user', content: 'And what of the next one?' }];
  const times = { fresh: [], resumed: [], saveMs: [], restoreMs: [] };
  let about;
  for (let round = 0; round < rounds; round++) {
    throwIfInterrupted();
    const first = await load();
    const fresh = await first.chat(asked, { maxTokens: 16 });
    times.fresh.push(fresh.firstTokenSeconds);
    const { ms: saveMs, value: saved } = await timed(() => first.saveState(path));
    times.saveMs.push(saveMs);
    await first.close();

    const second = await load();
    const { ms: restoreMs } = await timed(() => second.restoreState(path));
    times.restoreMs.push(restoreMs);
    const resumed = await second.chat(asked, { maxTokens: 16 });
    times.resumed.push(restoreMs / 1000 + resumed.firstTokenSeconds);
    await second.close();
    if (resumed.text !== fresh.text) throw new Error('The answer is another with the state than without.');
    about = { tokens: fresh.promptTokens, restoredTokens: saved.tokens, bytes: saved.bytes };
  }
  const [fresh, resumed] = [median(times.fresh), median(times.resumed)];
  return {
    ...about,
    firstTokenSeconds: significant(fresh),
    /** With the time for reading the file. */
    resumedFirstTokenSeconds: significant(resumed),
    ratio: significant(fresh / resumed),
    saveMs: significant(median(times.saveMs)),
    restoreMs: significant(median(times.restoreMs)),
    sameAnswer: true,
  };
}

async function timed(action) {
  const started = performance.now();
  const value = await action();
  return { value, ms: performance.now() - started };
}

export function stateTable({ model, rows, ...result }) {
  const head = ['tokens', 'restored', 'MB', 'first token', 'with state', 'ratio', 'save', 'restore'];
  const lines = rows.map((of) => [
    of.tokens,
    of.restoredTokens,
    (of.bytes / 1e6).toFixed(1),
    `${of.firstTokenSeconds} s`,
    `${of.resumedFirstTokenSeconds} s`,
    `${of.ratio}x`,
    `${of.saveMs} ms`,
    `${of.restoreMs} ms`,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => String(line[i]).length)));
  const text = [head, ...lines].map((line) => line.map((cell, i) => String(cell).padStart(widths[i])).join('  '));
  return `${[...headLines(result, '', model.name), '', ...text].join('\n')}\n`;
}
