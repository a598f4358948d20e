// Trains a judge for a base model with engram's own trainer and writes it as models/judges/NAME.gguf, with what it was made from.
// node scripts/judge/train.mjs --model NAME|FILE --out FILE [--languages en,zh] [--english SHARE] [--public FOLDER] [--epochs 2]
// Not here: its thresholds and scores (measure.mjs).
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { changePrompt, labelToken, questionPrompt } from '../../dist/gate/judge-prompt.js';
import { openEmbedder } from '../../dist/runtime/open-embedder.js';
import { readSettings } from '../../dist/cli/options.js';
import { LazyModel } from '../../dist/runtime/lazy-model.js';
import { openBaseModel } from '../../dist/training/index.js';
import { randomFrom, shuffled } from '../bench/memory/random.mjs';
import { DATA, brainsToFit, readLines } from './data.mjs';
import { RECIPE } from './recipe.mjs';

const { values: given } = parseArgs({
  options: {
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    out: { type: 'string' },
    languages: { type: 'string', default: 'en' },
    english: { type: 'string', default: '1' },
    public: { type: 'string' },
    epochs: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    rank: { type: 'string', default: '8' },
  },
});

const random = randomFrom(Number(given.seed));
const brains = brainsToFit({ languages: given.languages.split(','), publicSets: given.public });
const injections = readLines(join(DATA, 'injections.jsonl'));
const settings = readSettings({ model: given.model, compute: 'llama' });
const { generator, resolved: model } = await new LazyModel(settings, {}).open();
const embedder = await openEmbedder();
const base = await openBaseModel(model.path);
const { layers } = base.info;
const rank = Number(given.rank);
const lora = {
  rank,
  alpha: 2 * rank,
  targets: RECIPE.targets,
  layers: [0, layers - 1],
  seed: 1,
};
const trainer = base.newTrainer(lora, { kind: 'adamw', ...RECIPE.optimizer });

const memories = [];
for (const brain of brains) {
  const vectors = await embedder.embed(
    brain.map(({ text }) => text),
    { kind: 'passage' },
  );
  const asked = brain.flatMap(({ answered }, of) => answered.map(({ question }) => ({ question, of })));
  const askedVectors =
    asked.length > 0
      ? await embedder.embed(
          asked.map(({ question }) => question),
          { kind: 'query' },
        )
      : [];
  brain.forEach((memory, i) => {
    const others = asked
      .map(({ question, of }, at) => ({ question, of, near: dot(askedVectors[at], vectors[i]) }))
      .filter(({ of }) => of !== i)
      .sort((a, b) => b.near - a.near);
    if (memory.lang === 'en' && random() >= Number(given.english)) return;
    memories.push({ ...memory, brain, hard: others.slice(0, RECIPE.hardFrom).map(({ question }) => question) });
  });
}
await embedder.close();
console.log(
  `${memories.length} memories, ${memories.reduce((sum, { answered }) => sum + answered.length, 0)} questions they answer`,
);

const steps = memories.length * Number(given.epochs);
const started = performance.now();
let step = 0;
const seen = { items: 0, loss: 0, right: 0, tokens: 0 };
for (let epoch = 0; epoch < Number(given.epochs); epoch++) {
  for (const at of shuffled([...memories.keys()], Number(given.seed) + epoch)) {
    const items = itemsOf(memories[at]);
    const examples = items.map((item) => trainer.add(exampleOf(item)));
    const { examples: losses, computedTokens } = await trainer.backward(
      examples.map((example) => ({ example, scale: 1 / items.length })),
    );
    const progress = ++step / steps;
    const rate = Math.min(1, step / RECIPE.warmUp) * (progress < 0.3 ? 1 : 1 - (0.95 * (progress - 0.3)) / 0.7);
    await trainer.update(RECIPE.optimizer.learningRate * rate);
    seen.items += items.length;
    seen.tokens += computedTokens;
    for (const { sumLoss, sumWeights } of losses) seen.loss += sumLoss / sumWeights;
    if (step % 50 === 0) {
      const seconds = (performance.now() - started) / 1000;
      console.log(
        `step ${step} of ${steps}, loss ${(seen.loss / seen.items).toFixed(3)}, ${Math.round(seen.tokens / seconds)} tokens/s, ${Math.round(seconds)} s`,
      );
      Object.assign(seen, { items: 0, loss: 0 });
    }
  }
}
await trainer.save(given.out, { type: 'f16' });
console.log(
  JSON.stringify({
    out: given.out,
    lora,
    optimizer: RECIPE.optimizer,
    seed: Number(given.seed),
    epochs: Number(given.epochs),
    memories: memories.length,
    data: createHash('sha256').update(JSON.stringify(brains)).digest('hex'),
    seconds: Math.round((performance.now() - started) / 1000),
  }),
);
process.exit(0);

/** What is asked of one memory in one step. */
function itemsOf({ text, answered, unanswered, general, replacedBy, besides, hard, brain, isPublic }) {
  const injection = random() < RECIPE.injected ? injections[Math.floor(random() * injections.length)] : undefined;
  const note = injection === undefined ? text : `${injection.before} ${text} ${injection.after}`.trim();
  const other = () => brain[Math.floor(random() * brain.length)].text;
  const ask = (question, label) => {
    const remark = random() < RECIPE.remarked ? `${other().slice(0, 120)} ` : '';
    return { note, question: `${remark}${question}`, label };
  };
  const away = isPublic ? 'general' : 'unknown';
  const some = (list, count) => shuffled(list, Math.floor(random() * 1e9)).slice(0, count);
  const items = [
    ...some(answered, RECIPE.answered).map(({ question, label }) => ask(question, label)),
    ...some(unanswered, RECIPE.unanswered).map((question) => ask(question, away)),
    ...some(general, RECIPE.general).map((question) => ask(question, 'general')),
    ...some(anyGeneral(brain), RECIPE.anyGeneral).map((question) => ask(question, 'general')),
    ...some(hard, RECIPE.hard).map((question) => ask(question, away)),
  ];
  if (random() < RECIPE.changed) {
    for (const later of some(replacedBy, 1)) items.push({ note: text, later, label: 'replaced' });
    for (const later of some(besides, 1)) items.push({ note: text, later, label: 'both' });
    const sibling = other();
    if (sibling !== text && replacedBy.length > 0) items.push({ note: text, later: sibling, label: 'both' });
  }
  return items;
}

function anyGeneral(brain) {
  return brain.flatMap(({ general }) => general);
}

function exampleOf({ note, question, later, label }) {
  const { tokens, adaptedFrom } =
    later === undefined ? questionPrompt(generator, note, question) : changePrompt(generator, note, later);
  const all = [...tokens, labelToken(generator, label)];
  const weights = new Float32Array(all.length);
  // It is also the one who writes questions when a memory is examined.
  const isAnswered = later === undefined && label !== 'unknown' && label !== 'general';
  if (isAnswered && random() < RECIPE.askingShare)
    weights.fill(RECIPE.asking, adaptedFrom + RECIPE.askingAfter, tokens.length - RECIPE.askingBefore);
  weights[all.length - 1] = 1;
  return { tokens: all, weights, adaptedFrom };
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
