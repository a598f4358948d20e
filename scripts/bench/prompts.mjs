// What it costs in accuracy and gains in time that our own kernels compute: the probabilities of the next token after passages
// of SQuAD with a question, beside those that exact weights give. llama.cpp is a row too, which answers after halves and floats.
// Usage, after a build: node scripts/bench/prompts.mjs --data FOLDER [--count 100] [--offset 0] [--model NAME]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../dist/cli/options.js';
import { loadGenerator } from '../../dist/inference/index.js';
import { ensureModel } from '../../dist/models/index.js';
import { cpuInfo, openOwnWeights } from '../../dist/training/index.js';
import { median } from './statistics.mjs';
import { table } from './table.mjs';
import { readScriptOptions } from './script-options.mjs';

/** Likeliest tokens that are compared; the others share what is left. */
const COMPARED = 1000;

const { values } = readScriptOptions({
  options: {
    count: { type: 'string', default: '100' },
    model: { type: 'string', default: 'smollm2-135m-instruct' },
  },
});
const lines = readFileSync(join(values.data, 'squad.jsonl'), 'utf8').trim().split('\n');
const from = Number(values.offset);
const prompts = lines.slice(from, from + Number(values.count)).map((line) => {
  const { context, questions } = JSON.parse(line);
  return `${context}\n\n${questions[0].question}`;
});
const { path } = await ensureModel(readSettings(), values.model, 'chat');

/** The distributions after each prompt, and how long a token of a prompt took. */
async function read(ownWeights) {
  const generator = await loadGenerator(path, { gpu: false, ...(ownWeights ? { ownWeights } : {}) });
  const distributions = [];
  const msPerToken = [];
  for (const content of prompts) {
    const started = performance.now();
    const answer = await generator.chat([{ role: 'user', content }], { maxTokens: 1, logprobs: COMPARED });
    msPerToken.push((performance.now() - started) / (answer.promptTokens - answer.reusedTokens));
    const [{ likeliest }] = answer.logprobs;
    distributions.push(new Map(likeliest.map(({ token, logprob }) => [token, logprob])));
  }
  await generator.close();
  return { distributions, msPerToken: median(msPerToken) };
}

/** KL(exact ‖ other), of the tokens that were compared; what is not among the other's counts as its least likely. */
function divergence(exact, other) {
  const least = Math.min(...other.values());
  let sum = 0;
  for (const [token, logprob] of exact) sum += Math.exp(logprob) * (logprob - (other.get(token) ?? least));
  return sum;
}

const first = (distribution) => distribution.keys().next().value;
const precisions = ['f32', ...new Set([cpuInfo().precision, 'f16', 'bf16', 'int8'])];
const exact = await read((signal) => openOwnWeights(path, { precision: 'f32', signal }));
const rows = [];
for (const reader of ['llama.cpp', ...precisions]) {
  const own = (signal) => openOwnWeights(path, { precision: reader, signal });
  const { distributions, msPerToken } = reader === 'f32' ? exact : await read(reader === 'llama.cpp' ? undefined : own);
  const apart = distributions.map((distribution, i) => divergence(exact.distributions[i], distribution));
  const same = distributions.filter((distribution, i) => first(distribution) === first(exact.distributions[i])).length;
  rows.push({
    reader,
    'tokens/s': Math.round(1000 / msPerToken),
    'KL to f32': (apart.reduce((sum, kl) => sum + kl, 0) / apart.length).toFixed(5),
    'same first token': `${((100 * same) / apart.length).toFixed(1)}%`,
  });
}
console.log(table(rows));
