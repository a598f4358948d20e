// The training of a memory beside PEFT's, in the same run: engram learns it, and PEFT takes the very steps that it took, on the
// same examples, batches and learning rates. Only the training is timed, not loading and not asking. PEFT computes whole
// sequences, for it keeps nothing of a question from step to step; so a ratio of steps is what engram's cache gives besides.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../../../dist/cli/options.js';
import { loadGenerator } from '../../../dist/inference/index.js';
import { lessonsFor } from '../../../dist/learn/lessons/index.js';
import { learn, newMemoryTrainer, RECIPE } from '../../../dist/learn/recipe.js';
import { ensureModel, modelSha256 } from '../../../dist/models/index.js';
import { openBaseModel } from '../../../dist/training/index.js';
import { Child, throwIfInterrupted } from '../child.mjs';
import { findPython, peerModel } from '../peft.mjs';
import { median, significant } from '../statistics.mjs';
import { recording } from './recording.mjs';

const PROGRAM = fileURLToPath(new URL('peft_recipe.py', import.meta.url));
const DTYPES = ['float32', 'bfloat16'];
/** The longest wait for a memory, or for PEFT to be loaded, on a machine that others keep busy. */
const LIMIT_MS = 1_800_000;
/** In newMemoryTrainer. */
const MAX_GRAD_NORM = 1;

/**
 * @param {{ cases: object[], options: { model: string, threads?: number, python?: string }, show: (text: string) => void }} given
 *   cases as cases.mjs reads them: the first input of each is learned
 * @returns {Promise<object>} medians over the memories; `rows`: each of them
 */
export async function comparePeft({ cases, options, show }) {
  const settings = readSettings({ model: options.model });
  const threads = options.threads ?? availableParallelism();
  const { path } = await ensureModel(settings, settings.model, 'chat');
  const python = await findPython(options.python);
  const folder = await peerModel(python, 'transformers', { path, sha256: await modelSha256(settings.home, path) });
  const generator = await loadGenerator(path, { gpu: false });
  const base = await openBaseModel(path, { threads });
  const started = [];
  try {
    const inputs = cases
      .map(({ inputs: [input] }) => lessonsOf(generator, input))
      .filter((lessons) => lessons.length > 0);
    show('loading');
    const message = { model: folder, threads, ...shapeOf(base) };
    for (const dtype of DTYPES) started.push(await start(python, { ...message, dtype }));
    // Nobody times the first memory: it allocates, and says which dtype of PEFT's is faster here.
    const first = await learned(base, inputs[0]);
    for (const peer of started) peer.seconds = secondsOf(await trained(peer, first));
    const [peer, ...others] = started.sort((a, b) => a.seconds - b.seconds);
    await Promise.all(others.map(({ child }) => child.end()));
    const rows = [];
    for (const [i, lessons] of inputs.entries()) {
      throwIfInterrupted();
      const own = await learned(base, lessons);
      const theirs = await trained(peer, own);
      rows.push({ case: cases[i].id, ...rowOf(own, theirs) });
      show(`${i + 1} of ${inputs.length}, ${rows.at(-1).ratio} times as fast`);
    }
    return { ...peer.about, precision: base.info.precision, threads, ...summaryOf(rows), rows };
  } finally {
    await Promise.all(started.map(({ child }) => child.end()));
    base.close();
    await generator.close();
  }
}

/** The lessons that are made of an input, as token ids. */
function lessonsOf(generator, input) {
  return lessonsFor(input).lessons.map(({ question, answer, full }) => {
    const messages = [{ role: 'user', content: question }];
    return {
      prompt: generator.encodeChat(messages),
      answerStart: generator.answerStart(messages),
      answer: Uint32Array.from([...generator.encode(answer), generator.special.endOfTurn]),
      full,
    };
  });
}

/** The adapter of newMemoryTrainer in PEFT's words. */
function shapeOf({ info }) {
  const { rank, alpha, targets, layers, rateB } = RECIPE;
  return {
    ...{ rank, alpha, rateB, maxGradNorm: MAX_GRAD_NORM },
    targets: targets.map((name) => `${name}_proj`),
    layers: [Math.floor(info.layers * layers[0]), Math.ceil(info.layers * layers[1]) - 1],
  };
}

async function start(python, message) {
  const child = new Child(python, [PROGRAM]);
  return { child, about: await child.ask(message, LIMIT_MS) };
}

/** What engram did to learn it, and in how many seconds. */
async function learned(base, lessons) {
  const begun = performance.now();
  const used = process.cpuUsage();
  const trainer = newMemoryTrainer(base);
  try {
    const record = recording(trainer);
    await learn(record.trainer, { lessons });
    const { user, system } = process.cpuUsage(used);
    return { ...record, seconds: (performance.now() - begun) / 1000, cpuSeconds: (user + system) / 1e6 };
  } finally {
    trainer.close();
  }
}

function trained({ child }, { examples, steps }) {
  return child.ask({ examples, steps: steps.map(({ rate, batch }) => ({ rate, batch })) }, LIMIT_MS);
}

const secondsOf = ({ ms }) => ms.reduce((a, b) => a + b, 0) / 1000;

function rowOf({ steps, seconds, cpuSeconds }, theirs) {
  const peftSeconds = secondsOf(theirs);
  const engramStepMs = median(steps.map(({ ms }) => ms));
  const peftStepMs = median(theirs.ms);
  return {
    steps: steps.length,
    engramSeconds: significant(seconds),
    peftSeconds: significant(peftSeconds),
    ratio: significant(peftSeconds / seconds),
    engramCpuSeconds: significant(cpuSeconds),
    peftCpuSeconds: significant(theirs.cpuSeconds),
    cpuRatio: significant(theirs.cpuSeconds / cpuSeconds),
    engramStepMs: significant(engramStepMs),
    peftStepMs: significant(peftStepMs),
    stepRatio: significant(peftStepMs / engramStepMs),
    // Of the first step, where the adapter changes nothing yet, both lose the same; of the last it depends on how A began.
    engramLoss: [significant(steps[0].loss), significant(steps.at(-1).loss)],
    peftLoss: [significant(theirs.losses[0]), significant(theirs.losses.at(-1))],
  };
}

function summaryOf(rows) {
  const of = (key) => median(rows.map((row) => row[key]));
  const names = Object.keys(rows[0] ?? {}).filter((key) => typeof rows[0][key] === 'number');
  return { memories: rows.length, ...Object.fromEntries(names.map((name) => [name, of(name)])) };
}
