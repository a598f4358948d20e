// Fits the weights of the gate (src/memory/gate-weights.ts): logistic regression over pairs of a question and a memory, by Newton's
// method. Usage, after a build: node scripts/bench/gate-fit.mjs FOLDER [rows of each set, from its first half; default 250]
// Prints the weights in the order of EVIDENCE, and how well they part what they were fitted on.
import { readSettings } from '../../dist/index.js';
import { contrastsOf } from '../../dist/memory/lessons/index.js';
import { EVIDENCE, evidenceOf, evidenceOfWords, meaningOf } from '../../dist/memory/evidence.js';
import { KINDS, readEveryday, readRows, textsOf } from './gate/data.mjs';
import { openWorld } from './gate/world.mjs';

const [folder, most = '250'] = process.argv.slice(2);
/** How much worse it is to let a wrong question pass than to keep a right one out. */
const COST = { right: 1.5, near: 2, other: 2, sibling: 0.25 };
/** Keeps weights small where the data says little. */
const RIDGE = 1e-4;
const ROUNDS = 3;
/** Memories that a question is held against besides its own: those that look most like it. */
const HARDEST = { asked: 4, sibling: 2, near: 2, everyday: 2 };

const sets = KINDS.map((kind) => {
  const rows = readRows(folder, kind);
  return rows.slice(0, Math.floor(rows.length / 2)).slice(0, Number(most));
});
const everyday = readEveryday(folder).slice(0, 200);
const contrasts = new Map();
for (const row of sets.flat()) {
  contrasts.set(row, row.memory.question === undefined ? [] : contrastsOf([row.memory.question], 2));
}
const texts = sets.flat().flatMap((row) => [...textsOf(row), ...contrasts.get(row)]);
const world = await openWorld([...texts, ...everyday], {
  embedder: readSettings().embedder,
  model: 'smollm2-135m-instruct',
});

/** Pairs to be told apart: the evidence of every sentence of the question, whether it is about the memory, and its cost. */
const pairs = [];
for (const rows of sets) {
  const entries = rows.map((row, i) => world.entryOf(String(i), row.memory));
  const found = { right: [], near: [], other: [], sibling: [] };
  const add = (kind, query, entry) => found[kind].push({ right: kind === 'right', facets: evidence(query, entry) });
  const others = (query, row, count) => hardest(query, entries, count, (i) => isApart(rows[i], row));
  // What else is said of the same topic: it may answer a question too, so it counts less.
  const siblings = (query, row, count) =>
    hardest(query, entries, count, (i) => rows[i] !== row && !isApart(rows[i], row));
  for (const [i, row] of rows.entries()) {
    for (const question of row.asked) {
      const query = await world.query(question);
      add('right', query, entries[i]);
      for (const entry of others(query, row, HARDEST.asked)) add('other', query, entry);
      for (const entry of siblings(query, row, HARDEST.sibling)) add('sibling', query, entry);
    }
    for (const question of row.near) {
      const query = await world.query(question);
      add('near', query, entries[i]);
      for (const entry of others(query, row, HARDEST.near)) add('other', query, entry);
    }
    for (const question of contrasts.get(row)) add('near', await world.query(question), entries[i]);
  }
  for (const question of everyday) {
    const query = await world.query(question);
    for (const entry of others(query, undefined, HARDEST.everyday)) add('other', query, entry);
  }
  for (const [kind, some] of Object.entries(found)) {
    for (const pair of some) pairs.push({ ...pair, cost: COST[kind] / some.length });
  }
}
await world.close();

let weights = EVIDENCE.map((name) => Number(name === 'meaning' || name === 'asked' || name === 'told'));
for (let round = 0; round < ROUNDS; round++) {
  // Of the sentences of a question the one that speaks most for the memory counts, as in the gate.
  weights = regress(pairs.map(({ facets, ...pair }) => ({ ...pair, evidence: best(facets) })));
}
const share = (right) => {
  const some = pairs.filter((pair) => pair.right === right);
  const correct = some.filter(({ facets }) => sum(best(facets)) >= 0 === right);
  return `${((100 * correct.length) / some.length).toFixed(1)}% of ${some.length}`;
};
console.log(EVIDENCE.map((name, i) => `${name} ${weights[i].toFixed(2)}`).join('\n'));
console.log(`[${weights.map((weight) => Number(weight.toFixed(2))).join(', ')}]`);
console.log(`passed ${share(true)}, kept out ${share(false)}`);

function evidence(query, entry) {
  return query.flatMap(({ vector, terms }) =>
    evidenceOfWords(terms, entry).map((words) => evidenceOf(words, meaningOf(vector, entry))),
  );
}

function best(facets) {
  return facets.reduce((a, b) => (sum(b) > sum(a) ? b : a));
}

function sum(values) {
  return values.reduce((total, value, i) => total + value * weights[i], 0);
}

function isApart(row, other) {
  return row !== other && (row.topic === undefined || row.topic !== other?.topic);
}

/** By the mean of meaning and of shared information, which needs no weights. */
function hardest(query, entries, count, isWanted) {
  const [meaning, asked] = ['meaning', 'asked'].map((name) => EVIDENCE.indexOf(name));
  return entries
    .filter((_, i) => isWanted(i))
    .map((entry) => ({ entry, score: Math.max(...evidence(query, entry).map((e) => e[meaning] + e[asked])) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ entry }) => entry);
}

function regress(rows) {
  const size = EVIDENCE.length;
  const total = rows.reduce((costs, { cost }) => costs + cost, 0);
  const found = new Array(size).fill(0);
  for (let step = 0; step < 25; step++) {
    const gradient = found.map((weight) => RIDGE * weight);
    const curvature = found.map((_, i) => found.map((__, j) => (i === j ? RIDGE : 0)));
    for (const { evidence: values, right, cost } of rows) {
      const p = 1 / (1 + Math.exp(-values.reduce((all, value, i) => all + value * found[i], 0)));
      for (let i = 0; i < size; i++) {
        gradient[i] += ((p - Number(right)) * cost * values[i]) / total;
        for (let j = 0; j < size; j++) curvature[i][j] += (p * (1 - p) * cost * values[i] * values[j]) / total;
      }
    }
    const change = solve(curvature, gradient);
    change.forEach((value, i) => (found[i] -= value));
    if (Math.max(...change.map(Math.abs)) < 1e-6) break;
  }
  return found;
}

/** Gauss-Jordan elimination; the matrix is positive definite. */
function solve(matrix, vector) {
  const rows = matrix.map((row, i) => [...row, vector[i]]);
  for (let i = 0; i < rows.length; i++) {
    for (let r = 0; r < rows.length; r++) {
      if (r === i) continue;
      const factor = rows[r][i] / rows[i][i];
      for (let c = i; c < rows[r].length; c++) rows[r][c] -= factor * rows[i][c];
    }
  }
  return rows.map((row, i) => row[row.length - 1] / row[i]);
}
