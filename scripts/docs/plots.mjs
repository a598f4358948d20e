// The plots of README: bars, drawn from the tables of the documents, so that no figure stands in two places.
// `node scripts/docs/pictures.mjs` writes them. Not here: measuring (docs/benchmarks.md names the commands).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLOURS, INK, escaped, page, round, text } from './svg.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const WIDTH = 720;
const PLOT = { left: 64, right: WIDTH - 16, top: 82, height: 210 };

/** The SVG of each plot by its file name. */
export function plots() {
  return new Map([
    ['reach.svg', bars(reach())],
    ['step.svg', bars(step())],
    ['retrieval.svg', bars(retrieval())],
  ]);
}

/** Which questions reach their memory, beside closeness of meaning alone. */
function reach() {
  const rows = tableOf('docs/memory.md', 'judge, files');
  const judge = rows.find((row) => row['judge, files'].startsWith('SmolLM2-135M, '));
  const cosine = rows.find((row) => row['judge, files'].startsWith('cosine alone, its'));
  const groups = Object.keys(judge).slice(1);
  return {
    title: 'Does a question reach the right one of 60 to 84 memories? (percent)',
    note: 'SmolLM2-135M (Q4_1) · 558 questions that nothing was fitted to · scripts/judge/measure.mjs, 30 Nov 2026',
    groups: groups.map((name) => name.replace('other part or yes/no', 'other part')),
    series: [
      { name: 'the judge', values: groups.map((name) => numberOf(judge[name])) },
      {
        name: 'closeness alone, its line set on these questions',
        values: groups.map((name) => numberOf(cosine[name])),
      },
    ],
    most: 100,
  };
}

/** A training step beside PEFT's, on the quiet machine. */
function step() {
  const rows = tableOf('docs/benchmarks.md', 'shape', 'PEFT RSS MB').filter(({ beside }) => beside === 'quiet');
  return {
    title: 'Training tokens a second (LoRA of rank 8, all layers)',
    note: 'SmolLM2-135M (Q4_1) · Xeon with VNNI, two cores, 8-bit products · bench train, commit 1979fd8, 22 Nov 2026',
    groups: rows.map(({ shape }) => shape.replace('x', ' × ')),
    series: [
      { name: 'engram', values: rows.map((row) => tokensOf(row.shape) / secondsOf(row.engram)) },
      { name: 'PEFT on PyTorch', values: rows.map((row) => tokensOf(row.shape) / secondsOf(row.PEFT)) },
    ],
  };
}

/** Documents that are found, in two collections. */
function retrieval() {
  const [cranfield, squad] = tablesOf('docs/retrieval.md').filter(([first]) => 'nDCG@10' in first && 'method' in first);
  return {
    title: 'Finding documents: nDCG@10',
    note: 'all-MiniLM-L6-v2, 4 bits in engram, 32 elsewhere · bench retrieval, commit 1979fd8, 22 Nov 2026',
    groups: ['Cranfield', 'SQuAD'],
    series: cranfield.map(({ method }, i) => ({
      name: method,
      values: [cranfield[i], squad[i]].map((row) => numberOf(row['nDCG@10'])),
    })),
    most: 1,
  };
}

/** Groups of bars; `most`: where the axis ends. */
function bars({ title, note, groups, series, most }) {
  const top = most ?? ceiling(Math.max(...series.flatMap(({ values }) => values)));
  const y = (value) => PLOT.top + PLOT.height * (1 - value / top);
  const room = (PLOT.right - PLOT.left) / groups.length;
  const width = Math.min(34, (room * 0.8) / series.length);
  const parts = [text(0, 20, title, { more: 'font-size="15" font-weight="600"' })];
  let x = 0;
  let line = 44;
  series.forEach(({ name }, i) => {
    const long = 34 + 7 * name.length;
    if (x + long > WIDTH) [x, line] = [0, line + 18];
    parts.push(`<rect x="${x}" y="${line - 11}" width="12" height="12" rx="2" fill="${COLOURS[i]}"/>`);
    parts.push(text(x + 18, line, name));
    x += long;
  });
  for (let i = 0; i <= 4; i++) {
    const value = (top * i) / 4;
    parts.push(`<path d="M${PLOT.left} ${round(y(value))}H${PLOT.right}" stroke="${INK}" stroke-opacity="0.25"/>`);
    parts.push(text(PLOT.left - 8, y(value) + 4, value.toLocaleString('en'), { anchor: 'end' }));
  }
  groups.forEach((group, i) => {
    const middle = PLOT.left + room * (i + 0.5);
    series.forEach(({ name, values }, j) => {
      const left = middle + width * (j - series.length / 2);
      const value = values[i];
      const said = shown(value);
      const tip = `<title>${escaped(`${name}, ${group}: ${said}`)}</title>`;
      const size = `width="${round(width - 3)}" height="${round(y(0) - y(value))}"`;
      parts.push(`<rect x="${round(left)}" y="${round(y(value))}" ${size} rx="2" fill="${COLOURS[j]}">${tip}</rect>`);
      parts.push(text(left + width / 2 - 1.5, y(value) - 5, said, { anchor: 'middle', more: 'font-size="11"' }));
    });
    parts.push(text(middle, PLOT.top + PLOT.height + 20, group, { anchor: 'middle' }));
  });
  const height = PLOT.top + PLOT.height + 50;
  parts.push(text(0, height - 6, note, { more: 'font-size="11"' }));
  return page({ width: WIDTH, height, title: `${title}. ${note}` }, parts);
}

const shown = (value) => (value < 1 ? value.toFixed(2) : Math.round(value).toLocaleString('en'));

/** The next round number: 1, 2, 4 or 8 times a power of ten. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 4, 8, 10].find((factor) => factor * power >= value);
}

/** The rows of the first table of a page that has these columns. Throws if there is none. */
function tableOf(file, ...columns) {
  const found = tablesOf(file).find(([first]) => columns.every((column) => column in first));
  if (found === undefined) throw new Error(`${file} has no table with ${columns.join(', ')}.`);
  return found;
}

/** All tables of a page with rows, each row an object by the names of its columns. */
function tablesOf(file) {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  const tables = [];
  lines.forEach((line, i) => {
    if (!/^\|[-| ]+\|$/.test(line)) return;
    const columns = cellsOf(lines[i - 1]);
    const end = lines.findIndex((other, j) => j > i && !other.startsWith('|'));
    const rows = lines.slice(i + 1, end < 0 ? undefined : end).map(cellsOf);
    tables.push(rows.map((cells) => Object.fromEntries(columns.map((column, j) => [column, cells[j]]))));
  });
  return tables.filter((rows) => rows.length > 0);
}

const cellsOf = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim()); // prettier-ignore
const numberOf = (cell) => Number(cell.replaceAll(/[^0-9.]/g, ''));
const secondsOf = (cell) => numberOf(cell) / 1000;
const tokensOf = (shape) => shape.split('x').reduce((product, factor) => product * Number(factor), 1);
