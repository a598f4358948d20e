// Measures a judge on everyday: each question among the memories of its whole file. On the part to choose (the default) it also chooses
// the weights that go into its manifest, and with --write puts them there; on the part to test it only reports.
// node scripts/judge/measure.mjs --judge models/judges/NAME.gguf [--part choose|test] [--files en-home,en-work,en-world] [--write]
// Not here: answers of the whole product (npm run -s bench -- memory --kind everyday).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Candidates, closenessOf } from '../../dist/gate/candidates.js';
import {
  CHANGES,
  LABELS,
  changePrompt,
  labelToken,
  questionPrompt,
  writerPrompt,
} from '../../dist/gate/judge-prompt.js';
import { openEmbedder } from '../../dist/runtime/open-embedder.js';
import { readSettings } from '../../dist/cli/options.js';
import { LazyModel } from '../../dist/runtime/lazy-model.js';
import { openBaseModel } from '../../dist/training/index.js';
import { everyday, labelOf } from './data.mjs';

const { values: given } = parseArgs({
  options: {
    judge: { type: 'string' },
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    part: { type: 'string', default: 'choose' },
    files: { type: 'string', default: 'en-home,en-work,en-world' },
    write: { type: 'boolean', default: false },
    out: { type: 'string' },
    lora: { type: 'string' },
    most: { type: 'string', default: '8' },
  },
});
const manifestPath = given.judge.replace(/\.gguf$/, '.json');
const manifest = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, 'utf8')) : {};
if (given.lora !== undefined) manifest.lora = JSON.parse(given.lora);
/** Share of near questions that are to be left alone. */
const NEAR_KEPT = 0.93;
/** Weights of the cosine beside the judge's log odds, of which the one that reaches most is taken. */
const CLOSENESS = [0, 1, 2, 3, 5];
/** Log odds beyond the likeliest of those that are not replaced. */
const MARGIN = 0.1;
/** Notes that questions are written for, and the share of these that the judge has to find answered: of the six that are tried for a
 * memory it is one in the mean. */
const WRITING = { notes: 30, least: 1 / 6 };
const OPENINGS = ['Yes', 'No', 'Ja', 'Nein', 'Oui', 'Non', 'Sí', 'はい', 'いいえ', '是', '不'];
const settings = readSettings({ model: given.model, compute: 'llama' });
const { generator, resolved: model } = await new LazyModel(settings, {}).open();
const embedder = await openEmbedder();
const base = await openBaseModel(model.path);
const trainer = base.newTrainer(manifest.lora);
await trainer.load(given.judge);
const tokenOf = (label) => labelToken(generator, label);
const openings = (manifest.openings ?? OPENINGS).filter(
  (word, i, all) => all.findIndex((other) => tokenOf(other) === tokenOf(word)) === i,
);
const labels = [LABELS.note, LABELS.unknown, LABELS.general, ...openings];
const labelTokens = labels.map(tokenOf);

const asked = [];
let seconds = 0;
for (const file of given.files.split(',')) {
  const rows = everyday(file);
  const vectors = await embedder.embed(rows.map(({ text }) => text));
  const candidates = new Candidates();
  rows.forEach(({ text }, i) => candidates.set({ id: String(i), text, vectors: [vectors[i]] }));
  for (const [own, row] of rows.entries()) {
    if (row.part !== given.part) continue;
    const kinds = ['words', 'reworded', 'hardly', 'other'];
    const questions = [
      ...row.ask.map((one, i) => ({ kind: kinds[i] ?? 'other', question: one.q, label: labelOf(one) })),
      ...row.implied.map((one) => ({ kind: 'implied', question: one.q, label: 'note' })),
      ...row.near.map((question) => ({ kind: 'near', question })),
      ...row.general.map((question) => ({ kind: 'general', question })),
    ];
    for (const one of questions) {
      const [vector] = await embedder.embed([one.question], { kind: 'query' });
      const found = candidates.find(one.question, vector, undefined, Number(given.most));
      const begun = performance.now();
      const said = await trainer.choices(
        found.map(({ entry }) => questionPrompt(generator, entry.text, one.question)),
        labelTokens,
      );
      seconds += (performance.now() - begun) / 1000;
      asked.push({
        file,
        own: String(own),
        ...one,
        found: found.map(({ entry, closeness }, i) => ({
          id: entry.id,
          closeness,
          said: Array.from(said[i], Math.exp),
        })),
      });
    }
  }
}
if (given.out !== undefined) writeFileSync(given.out, JSON.stringify(asked));
console.log(
  `${asked.length} questions, ${((1000 * seconds) / asked.length).toFixed(0)} ms each to judge ${given.most}`,
);

const logOdds = (p) => {
  const q = Math.min(1 - 1e-6, Math.max(1e-6, p));
  return Math.log(q / (1 - q));
};
const evidence = ({ said, closeness }) => [1, logOdds(1 - said[1] - said[2]), closeness];
let weights = manifest.answers;
let alone = manifest.alone;
if (given.part === 'choose') {
  const found = CLOSENESS.map((closeness) => withLine([0, 1, closeness]));
  weights = found.reduce((best, one) => (reached(one) > reached(best) ? one : best));
  alone = withLine([0, 1, 0]).slice(0, 2);
  console.log(
    'weights',
    weights.map((w) => w.toFixed(3)).join(' '),
    ' alone',
    alone.map((w) => w.toFixed(3)).join(' '),
  );
  console.log(
    'closeness alone',
    withLine([0, 0, 1])
      .map((w) => w.toFixed(3))
      .join(' '),
  );
}
report('judge', (note) => dot(weights, evidence(note)), 0);
report('judge without closeness', (note) => alone[0] + alone[1] * evidence(note)[1], 0);
const lines = asked
  .filter(({ kind }) => kind === 'near')
  .map(({ found }) => Math.max(...found.map(({ closeness }) => closeness)))
  .sort((a, b) => a - b);
report(
  'closeness alone, the same share of near kept',
  ({ closeness }) => closeness,
  lines[Math.floor(NEAR_KEPT * lines.length)],
);
among();
decided();
const replaced = (await changes()) ?? manifest.replaced ?? [0, 1];
const writes = given.part === 'choose' && (await writing()) >= WRITING.least;
if (given.write && given.part === 'choose') {
  const sha256 = createHash('sha256').update(readFileSync(given.judge)).digest('hex');
  writeFileSync(
    manifestPath,
    `${JSON.stringify({ ...manifest, sha256, openings, answers: weights, alone, embedder: 'all-minilm-l6-v2', replaced, writes }, null, 2)}\n`,
  );
}
process.exit(0);

/** The threshold is where the share of near questions that is asked for is kept. */
function withLine(w) {
  const best = asked
    .filter(({ kind }) => kind === 'near')
    .map(({ found }) => Math.max(...found.map((note) => dot(w, evidence(note)))))
    .sort((a, b) => a - b);
  return [w[0] - best[Math.floor(NEAR_KEPT * best.length)], ...w.slice(1)];
}

/** Questions that reach their memory. */
function reached(w) {
  return asked.filter(({ label, own, found }) => {
    if (label === undefined || found.length === 0) return false;
    const best = found.reduce((a, b) => (dot(w, evidence(b)) > dot(w, evidence(a)) ? b : a));
    return best.id === own && dot(w, evidence(best)) > 0;
  }).length;
}

function report(title, score, line) {
  const rows = new Map();
  for (const one of asked) {
    const best = one.found.reduce((a, b) => (score(b) > score(a) ? b : a));
    const passes = score(best) > line;
    const right = one.label === undefined ? !passes : passes && best.id === one.own;
    for (const file of [one.file, 'all']) {
      const row = rows.get(file) ?? new Map();
      rows.set(file, row);
      const [held, of] = row.get(one.kind) ?? [0, 0];
      row.set(one.kind, [held + Number(right), of + 1]);
    }
  }
  console.log(title);
  for (const [file, row] of rows)
    console.log(
      `  ${file.padEnd(9)} ${[...row].map(([kind, [held, of]]) => `${kind} ${((100 * held) / of).toFixed(0)}`).join('  ')}`,
    );
}

/** How often the right note is among those that are judged. */
function among() {
  const shares = [...new Set(asked.filter(({ label }) => label !== undefined).map(({ kind }) => kind))].map((kind) => {
    const some = asked.filter((one) => one.kind === kind && one.label !== undefined);
    const there = some.filter(({ own, found }) => found.some(({ id }) => id === own));
    return `${kind} ${((100 * there.length) / some.length).toFixed(0)}`;
  });
  console.log(`among those judged: ${shares.join('  ')}`);
}

/** How whether-questions are decided where the right note is judged, and how sure general questions are personal. */
function decided() {
  const counts = { right: 0, wrong: 0, none: 0, forced: 0, others: 0 };
  for (const { label, own, found } of asked) {
    const note = found.find(({ id }) => id === own);
    if (label === undefined || note === undefined) continue;
    const probabilities = note.said.slice(3);
    const most = Math.max(...probabilities);
    const others = probabilities.reduce((sum, value) => sum + value, 0) - most;
    const word = most > note.said[0] && most > 4 * others ? openings[probabilities.indexOf(most)] : undefined;
    if (label === 'note') {
      counts.others++;
      if (word !== undefined) counts.forced++;
    } else if (word === undefined) counts.none++;
    else if (word === label) counts.right++;
    else counts.wrong++;
  }
  console.log(
    `whether it is so: ${counts.right} right, ${counts.wrong} wrong, ${counts.none} left open; of ${counts.others} others ${counts.forced} were opened`,
  );
  for (const line of [0.9, 0.95, 0.97, 0.99]) {
    const share = (kinds) => {
      const some = asked.filter(({ kind }) => kinds.includes(kind));
      const personal = some.filter(({ found }) => {
        const best = found.reduce((a, b) => (dot(weights, evidence(b)) > dot(weights, evidence(a)) ? b : a));
        return best.said[1] / (best.said[1] + best.said[2]) >= line;
      });
      return `${((100 * personal.length) / some.length).toFixed(0)}%`;
    };
    console.log(`personal from ${line} on: near ${share(['near'])}, general ${share(['general'])}`);
  }
}

/** Whether later texts take the place of the right memories, and of no others. Returns weights with which none of the others would be
 * taken for replaced. */
async function changes() {
  if (!given.files.includes('en')) return undefined;
  const tokens = [CHANGES.replaced, CHANGES.both].map(tokenOf);
  const own = [];
  const other = [];
  for (const group of everyday('en-groups')) {
    if (group.part !== given.part) continue;
    const vectors = await embedder.embed(group.memories);
    for (const { text, replaces } of group.updates) {
      const [vector] = await embedder.embed([text], { kind: 'query' });
      const candidates = new Candidates();
      group.memories.forEach((memory, i) => candidates.set({ id: String(i), text: memory, vectors: [vectors[i]] }));
      const found = candidates.find(text, vector);
      const said = await trainer.choices(
        found.map(({ entry }) => changePrompt(generator, entry.text, text)),
        tokens,
      );
      let seen = false;
      found.forEach(({ entry }, i) => {
        const p = Math.exp(said[i][0]);
        if (entry.id === String(replaces)) {
          own.push(p);
          seen = true;
        } else other.push(p);
      });
      if (!seen) own.push(0);
    }
  }
  for (const line of [0.5, 0.9, 0.97, 0.99, 0.995, 0.999, 0.9999])
    console.log(
      `replaced from ${line} on: right ${own.filter((p) => p >= line).length} of ${own.length}, others ${other.filter((p) => p >= line).length} of ${other.length}`,
    );
  return [-logOdds(Math.max(...other)) - MARGIN, 1];
}

/** The share of the questions it writes that it finds answered by their note. */
async function writing() {
  const notes = given.files.split(',').flatMap((file) => everyday(file).filter(({ part }) => part === 'choose'));
  const some = notes.filter((_, i) => i % Math.ceil(notes.length / WRITING.notes) === 0);
  let answered = 0;
  for (const { text } of some) {
    const uses = { adapters: [{ path: given.judge }], maxTokens: 32, stop: ['\n'] };
    const question = (await generator.complete(writerPrompt(text), uses)).text.trim();
    const [said] = await trainer.choices([questionPrompt(generator, text, question)], labelTokens);
    if (alone[0] + alone[1] * logOdds(1 - Math.exp(said[1]) - Math.exp(said[2])) > 0) answered++;
  }
  console.log(`questions it writes: ${answered} of ${some.length} are answered by their note, as it judges`);
  return answered / some.length;
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
