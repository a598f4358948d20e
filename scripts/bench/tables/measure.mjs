// Questions about rows of six tables (questions.jsonl, files/, all invented): is the first passage the right row, with the answer and the
// names of the columns? Not here: what a model makes of it.
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../../../dist/cli/options.js';
import { Engram } from '../../../dist/index.js';
import { partOf } from '../everyday/parts.mjs';
import { beginReport } from '../machine.mjs';
import { MODES } from '../retrieval-engram.mjs';
import { median, significant } from '../statistics.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A column of each file: its name must stand with each row. */
const COLUMN = {
  'rechnungen.csv': 'Betrag',
  'sensors.tsv': 'serial number',
  'stock.xlsx': /Shelf|Delivery/,
  'staff.html': 'Extension',
  'garden.md': 'Water a week',
  'trains.pdf': 'Platform',
};

export async function benchTables({ part, embedder }) {
  const report = beginReport('tables');
  const asked = readFileSync(here('questions.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((_, i) => part === 'all' || partOf(i) === part);
  const home = mkdtempSync(join(tmpdir(), 'engram-bench-tables-'));
  symlinkSync(join(readSettings().home, 'models'), join(home, 'models'), 'dir');
  const engram = await Engram.open({ home, embedder, offline: true, lazy: true });
  try {
    await engram.documents.ingest([here('files')]);
    const rows = [];
    for (const mode of MODES) rows.push(await rowOf(engram.documents, mode, asked));
    return { ...report.head(), part, embedder, rows };
  } finally {
    await engram.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function rowOf(documents, mode, asked) {
  const [times, missed] = [[], []];
  let [first, three] = [0, 0];
  for (const one of asked) {
    const started = performance.now();
    const found = await documents.search(one.question, { mode, k: 3 });
    times.push(performance.now() - started);
    const isRight = found.map((passage) => isRowOf(passage, one));
    if (isRight[0] === true) first++;
    else missed.push({ ...one, found: found[0]?.text });
    if (isRight.includes(true)) three++;
  }
  const share = (count) => `${significant((100 * count) / asked.length, 3)}%`;
  return {
    ...{ method: `engram ${mode}`, questions: asked.length, first: share(first), three: share(three) },
    ...{ ms: significant(median(times), 3), missed },
  };
}

/** Numbers and names letter by letter, and no other word around them. */
function isRowOf({ source, headings, text }, { file, row, answer }) {
  const column = COLUMN[file];
  const names = `${headings.join('\n')}\n${text}`;
  const has = (value) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(value)}(?![\\p{L}\\p{N}])`, 'u').test(text);
  const isNamed = typeof column === 'string' ? names.includes(column) : column.test(names);
  return basename(source) === file && isNamed && [...row, answer].every(has);
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
