// How well it is told which memory a question is about, by the gate alone or with the model: none is trained, none answers. Memories
// stand in it as memorize would put them; what is asked is what passes, and to which memory.
import { readSettings } from '../../dist/index.js';
import { readEveryday, readRows, textsOf } from './gate/data.mjs';
import { openWorld } from './gate/world.mjs';
import { beginReport } from './machine.mjs';
import { throwIfInterrupted } from './child.mjs';
import { median, significant } from './statistics.mjs';
import { headLines, table } from './table.mjs';

/** Other questions asked of each brain. */
const OTHERS = 200;

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchGate({ data, kinds, offset, count, memories: sizes, likelihood, embedder, model }) {
  const report = beginReport('gate');
  const sets = new Map(kinds.map((kind) => [kind, readRows(data, kind)]));
  const everyday = readEveryday(data).slice(-OTHERS);
  const some = (rows) => rows.slice(offset, count === undefined ? undefined : offset + count);
  const all = [...sets.values()].flatMap(some);
  const texts = all.flatMap(textsOf);
  const world = await openWorld([...texts, ...everyday], {
    embedder: embedder ?? readSettings().embedder,
    model,
    likelihood,
  });
  const rows = [];
  for (const [kind, read] of sets) {
    for (const size of sizes) rows.push({ kind, ...(await measure(world, some(read), all, size, everyday)) });
  }
  await world.close();
  return {
    ...report.head(),
    offset,
    likelihood,
    rows,
  };
}

/** Brains of `size` memories, one after the other until each row was in one. Where a kind has too few rows the brain is filled
 * with those of other kinds. */
async function measure(world, rows, all, size, everyday) {
  const shares = Object.fromEntries(
    ['passed', 'astray', 'near', 'everyday', 'others'].map((name) => [name, new Share()]),
  );
  const times = [];
  const entries = new Map();
  const entryOf = (row) => {
    if (!entries.has(row)) entries.set(row, world.entryOf(String(entries.size), row.memory));
    return entries.get(row);
  };
  for (let start = 0; start < rows.length; start += size) {
    throwIfInterrupted();
    const own = rows.slice(start, start + size);
    const fill = own.length < size ? all.filter((row) => !own.includes(row)).slice(0, size - own.length) : [];
    const held = [...own, ...fill];
    const gate = world.emptyGate();
    for (const row of held) gate.set(entryOf(row));
    const told = held.filter(({ memory }) => memory.question === undefined);
    const texts = new Map(told.map((row) => [entryOf(row).id, row.memory.text]));
    const match = async (question) => {
      const before = performance.now();
      const matches = await world.ordered(question, await gate.match(question), (id) => texts.get(id));
      times.push(performance.now() - before);
      return matches[0]?.id;
    };
    for (const row of own) {
      for (const question of row.asked) {
        const id = await match(question);
        shares.passed.add(id === entryOf(row).id);
        shares.astray.add(id !== undefined && id !== entryOf(row).id);
      }
      for (const question of row.near) shares.near.add((await match(question)) === undefined);
    }
    // A brain of one is asked a few others; there are many such brains.
    const most = size === 1 ? 2 : OTHERS;
    const isOther = (row) =>
      !held.includes(row) && !held.some(({ topic }) => topic !== undefined && topic === row.topic);
    for (const row of spread(rows.filter(isOther), most, start)) {
      shares.others.add((await match(row.asked[0])) === undefined);
    }
    for (const question of spread(everyday, most, start)) {
      shares.everyday.add((await match(question)) === undefined);
    }
  }
  const values = Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, share.value]));
  return { memories: size, rows: rows.length, ...values, msPerQuestion: significant(median(times)) };
}

/** `most` of a list, beginning elsewhere for each start. */
function spread(list, most, start) {
  const count = Math.min(most, list.length);
  return Array.from({ length: count }, (_, i) => list[(start + Math.floor((i * list.length) / count)) % list.length]);
}

class Share {
  #yes = 0;
  #all = 0;

  add(yes) {
    this.#all++;
    if (yes) this.#yes++;
  }

  /** Undefined where nothing was asked. */
  get value() {
    return this.#all === 0 ? undefined : Math.round((this.#yes / this.#all) * 10_000) / 10_000;
  }
}

/** Ends with a newline. */
export function gateTable({ offset, likelihood, rows, ...result }) {
  const percent = (share) => (share === undefined ? '' : `${(100 * share).toFixed(1)}%`);
  const lines = rows.map((row) => ({
    kind: row.kind,
    memories: row.memories,
    rows: row.rows,
    'paraphrase to its memory': percent(row.passed),
    'to another': percent(row.astray),
    'neighbour kept out': percent(row.near),
    'everyday kept out': percent(row.everyday),
    'others kept out': percent(row.others),
    'ms a question': row.msPerQuestion,
  }));
  return `${headLines(result, `rows from ${offset}${likelihood ? '; where several pass, the model decides' : ''}`).join('\n')}\n\n${table(lines)}\n`;
}
