// Plain JavaScript over the bare addon in child processes and their worker threads, for tests of what would take the test
// runner along: ends at awkward moments, leaks, crashes.
import { spawn } from 'node:child_process';
import { ADDON, GGML, TINY } from './tiny.js';

/** A model, a trainer with examples and a long call, for the scripts below. */
const PRELUDE = `
const addon = require(${JSON.stringify(ADDON)});
const lora = { rank: 4, alpha: 8, targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'], firstLayer: 0, lastLayer: -1, dropout: 0, seed: 0, rankStabilized: false, ranks: [] };
const optimizer = { kind: 'adamw', learningRate: 1e-3, rateB: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, momentum: 0, maxGradNorm: 1 };
const open = (onProgress = () => true, path = ${JSON.stringify(TINY)}) =>
  addon.openModel(path, ${JSON.stringify(GGML)}, { precision: 'f32', threads: 2 }, onProgress);
const trainerOf = (model, examples) => {
  const trainer = model.createTrainer(lora, optimizer, 2);
  for (let i = 0; i < examples; i++) {
    const tokens = Int32Array.from({ length: 250 }, (_, j) => (i + 7 * j) % 90);
    trainer.add(tokens, new Float32Array(250).fill(1), undefined);
  }
  return trainer;
};
const backward = (trainer, examples) =>
  trainer.backward(Int32Array.from({ length: examples }, (_, i) => i), new Float32Array(examples).fill(1e-4), new Float32Array(examples));
// A model to generate with, by the llama.cpp that node-llama-cpp loads.
const languageModel = async () => {
  const { getLlama } = await import('node-llama-cpp');
  await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logLevel: 'disabled', logger: () => {} });
  const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8').split('\\n').map((line) => line.slice(line.indexOf('/')));
  const library = maps.findLast((file) => /libllama[^/]*[.]so/.test(file));
  return addon.loadLanguageModel(${JSON.stringify(TINY)}, library, { gpuLayers: 0, onlyVocabulary: false }, () => true);
};
const engineOf = (model) => model.createEngine({ contextSize: 200, lanes: 1, block: 16, threads: 1, weights: undefined });
const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, typicalP: 1, xtcProbability: 0, xtcThreshold: 0, penaltyTokens: 0,
  repeatPenalty: 1, frequencyPenalty: 0, presencePenalty: 0, dryMultiplier: 0, dryBase: 1.75, dryAllowedLength: 2, mirostatTau: 0,
  mirostatEta: 0.1, seed: 0, biasTokens: new Uint32Array(0), biases: new Float32Array(0) };
const generate = (engine, maxTokens, onTokens = () => {}) => engine.generate({ prompt: Uint32Array.of(1, 5, 9), prefix: 0, maxTokens,
  endTokens: new Uint32Array(0), sampling, likeliest: -1, lookup: false, expected: new Uint32Array(0), insists: false }, onTokens).done;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Runs the body of an async function in a process of its own, after the prelude. */
export const node = (script: string, args: string[] = []): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const body = `${PRELUDE}\n(async () => {\n${script}\n})();`;
    const child = spawn(process.execPath, [...args, '-e', body], { timeout: 110_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout: stdout.trim(), stderr, seconds: (performance.now() - start) / 1000 });
    });
  });

/** The source of an expression that starts a worker thread with the same prelude. */
export const inWorker = (body: string): string =>
  `new (require('node:worker_threads').Worker)(${JSON.stringify(`${PRELUDE}\n(async () => {\n${body}\n})();`)}, { eval: true })`;
