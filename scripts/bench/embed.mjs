// The benchmark of embedding: engram in each precision beside onnxruntime called directly and sentence-transformers, the same
// model and texts, in turn. What cannot be measured has a reason in its row instead of a figure.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEntry, modelFolder, pullModel } from '../../dist/models/index.js';
import { readSettings } from '../../dist/cli/options.js';
import { note, phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';
import { cached } from './cache.mjs';
import { throwIfInterrupted } from './child.mjs';
import { readCorpora } from './corpora.mjs';
import { interleave } from './interleave.mjs';
import { beginReport } from './machine.mjs';
import { significant } from './statistics.mjs';
import { Subject } from './subject.mjs';

const MODEL = 'all-minilm-l6-v2';
const WEIGHTS = 'all-minilm-l6-v2-full';
const SECONDS = { full: 60, quick: 10 };
/** Texts in a turn. */
const TEXTS = { full: 256, quick: 32 };
const LIMIT_MS = 600_000;
const HINT = 'Name an interpreter that has scripts/bench/embed-requirements.txt installed with --python PATH.';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchEmbedding(options) {
  const report = beginReport('embed');
  const size = options.quick ? 'quick' : 'full';
  const [corpus] = readCorpora(options.data);
  const long = corpus.documents.map(({ title, text }) => (title ? `${title}. ${text}` : text));
  const workloads = { short: corpus.queries.map(({ text }) => text), long };
  const subjects = await findSubjects(options);
  const rows = [];
  for (const [what, all] of Object.entries(workloads)) {
    const texts = all.filter((text) => text.trim() !== '').slice(0, TEXTS[size]);
    rows.push(...(await measure(subjects, what, texts, options, SECONDS[size])));
  }
  return {
    ...report.head(),
    data: corpus.name,
    threads: options.threads,
    rows,
  };
}

/** Those who embed: command, arguments and first message, or `why` not. The first is what ratios are taken to. */
async function findSubjects({ python: given, peers }) {
  const { home } = readSettings();
  const folders = {};
  for (const name of [MODEL, WEIGHTS]) {
    await phase(`Fetching ${name}`, () => pullModel(home, name));
    folders[name] = modelFolder(home, findEntry(name));
  }
  const node = (mode, name, about) => ({
    method: name,
    command: [process.execPath, here('embed-child.mjs')],
    message: { mode, ...about },
  });
  const subjects = [
    node('engram', 'engram q8', { folder: folders[WEIGHTS], dtype: 'q8' }),
    node('engram', 'engram fp32', { folder: folders[WEIGHTS], dtype: 'fp32' }),
    node('engram', 'engram q4', { folder: folders[MODEL], dtype: 'q4' }),
  ];
  const attempt = async (name, make) => {
    if (!peers.includes(name)) return;
    try {
      subjects.push(...(await make()));
    } catch (error) {
      throwIfInterrupted();
      const why = error.message.trim().split('\n').at(-1);
      note(`Without ${name}: ${why}`);
      subjects.push({ method: name, why });
    }
  };
  let python;
  const needPython = async () => (python ??= await findEmbedPython(given));
  await attempt('onnxruntime', async () => {
    const q4 = { graph: join(folders[MODEL], 'onnx', 'model_q4.onnx'), folder: folders[MODEL] };
    const graph = await exported(await needPython(), folders[WEIGHTS]);
    return [
      node('onnxruntime', 'onnxruntime fp32', { graph, folder: folders[WEIGHTS] }),
      node('onnxruntime', 'onnxruntime q4', q4),
    ];
  });
  await attempt('sentence-transformers', async () => [
    {
      method: 'sentence-transformers',
      command: [await needPython(), here('embed_peer.py'), 'serve'],
      message: { folder: folders[WEIGHTS] },
    },
  ]);
  return subjects;
}

async function measure(subjects, what, texts, { threads }, seconds) {
  const running = [];
  const rows = [];
  for (const { method, command, message, why } of subjects) {
    const row = { what, method, texts: texts.length };
    rows.push(row);
    if (why !== undefined) {
      row.why = why;
      continue;
    }
    try {
      const [program, ...args] = command;
      const subject = await Subject.start(method, program, args, { ...message, texts, threads }, LIMIT_MS);
      running.push({ row, subject });
    } catch (error) {
      throwIfInterrupted();
      row.why = error.message;
    }
  }
  const all = running.map(({ subject }) => subject);
  const { ms } = await phase(`Embedding ${texts.length} ${what} texts`, (update) =>
    interleave(all, seconds, (rounds) => update(`round ${rounds}`)),
  );
  const tokens = all.find(({ about }) => about.tokens !== undefined)?.about.tokens;
  const reference = running.find(({ row }) => row.method === 'sentence-transformers');
  const theirs = reference?.subject.about.vectors;
  running.forEach(({ row, subject }, i) => {
    row.textsPerSecond = significant(ms[i] === undefined ? undefined : (1000 * texts.length) / ms[i]);
    row.tokensPerSecond = significant(ms[i] === undefined ? undefined : (1000 * tokens) / ms[i]);
    const base = reference === undefined ? undefined : ms[all.indexOf(reference.subject)];
    row.ratio = significant(base === undefined || ms[i] === undefined ? undefined : base / ms[i]);
    row.cosine = theirs === undefined ? undefined : significant(meanCosine(subject.about.vectors, theirs), 4);
    row.rssMb = subject.peakRssMb;
    if (subject.why !== undefined) row.why = subject.why;
  });
  await Promise.all(all.map((subject) => subject.end()));
  return rows;
}

/** Of the first vectors, which each tells once. */
function meanCosine(ours, theirs) {
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const cosines = ours.map(
    (vector, i) => dot(vector, theirs[i]) / Math.sqrt(dot(vector, vector) * dot(theirs[i], theirs[i])),
  );
  return cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
}

/** A Python with sentence-transformers: the given one, or one in the cache, made on first use. */
async function findEmbedPython(given) {
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const make = (path) =>
    phase('Installing sentence-transformers, once', async () => {
      await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', path], { hint: HINT });
      const pip = ['-m', 'pip', 'install', '-r', here('embed-requirements.txt')];
      await run(join(path, ...inside), pip, { hint: HINT });
    });
  const python = given ?? join(await cached('python-embed', make), ...inside);
  await run(python, ['-c', 'import onnx, sentence_transformers'], { hint: HINT });
  return python;
}

/** The model's graph as PyTorch exports it, with masks, made on first use. */
async function exported(python, folder) {
  const made = await cached('all-minilm-l6-v2-onnx', (path) =>
    phase('Exporting the model to ONNX, once', () => {
      mkdirSync(path);
      return run(python, [here('embed_peer.py'), 'export', folder, join(path, 'model.onnx')]);
    }),
  );
  return join(made, 'model.onnx');
}
