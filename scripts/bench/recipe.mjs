// Tries changes of the memory recipe: each case is trained alone and asked with its adapter on for every question, so that
// what is seen is what the weights do, not the gate (but whether something is so is decided as in engram). For choosing numbers; `bench memory` judges the whole.
// Usage, after a build: node scripts/bench/recipe.mjs --data FOLDER [--kinds zsre,wikibigedit,counterfact,sentences]
//   [--count 8] [--offset 0] [--contrasts 0] [--replay 0] [--careful] [--misses] ['{"learningRate": 5e-4}' …]
// Each JSON is one recipe, as far as it differs from RECIPE; none: the one that is there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../dist/index.js';
import { loadGenerator } from '../../dist/inference/index.js';
import { openingOf } from '../../dist/memory/decision.js';
import { lessonsFor } from '../../dist/memory/lessons/index.js';
import { learn, newMemoryTrainer, RECIPE } from '../../dist/memory/recipe.js';
import { REPLAY, UNRELATED } from '../../dist/memory/replay.js';
import { ensureModel } from '../../dist/models/index.js';
import { openBaseModel } from '../../dist/training/index.js';
import { readCases } from './memory/cases.mjs';
import { isRight } from './memory/scoring.mjs';
import { readScriptOptions } from './script-options.mjs';

const { values, positionals } = readScriptOptions({
  allowPositionals: true,
  options: {
    kinds: { type: 'string', default: 'zsre,wikibigedit,counterfact,sentences' },
    count: { type: 'string', default: '8' },
    contrasts: { type: 'string', default: '0' },
    replay: { type: 'string', default: '0' },
    misses: { type: 'boolean', default: false },
    careful: { type: 'boolean', default: false },
  },
});
/** Tokens by which an answer is compared with the one before. */
const KEPT = 16;

const settings = readSettings();
const { path: model } = await ensureModel(settings, settings.model, 'chat');
const generator = await loadGenerator(model, { gpu: false });
const base = await openBaseModel(model);
const folder = mkdtempSync(join(tmpdir(), 'engram-recipe-'));
const chosen = { ...RECIPE };
const known = new Map();

const user = (content) => [{ role: 'user', content }];
const prompt = (question) => ({
  prompt: generator.encodeChat(user(question)),
  answerStart: generator.answerStart(user(question)),
});
const ask = async (question, maxTokens, adapters = [], opening = '') =>
  (await generator.chat(user(question), { adapters, adaptersFrom: 'answer', opening, maxTokens })).text;
const before = async (question) => {
  if (!known.has(question)) known.set(question, await ask(question, KEPT));
  return known.get(question);
};
const kept = async (questions) => {
  const out = [];
  for (const question of questions) out.push({ ...prompt(question), answer: generator.encode(await before(question)) });
  return out.filter(({ answer }) => answer.length > 0);
};

try {
  for (const recipe of positionals.length > 0 ? positionals : ['{}']) {
    Object.assign(RECIPE, chosen, JSON.parse(recipe));
    for (const kind of values.kinds.split(',')) {
      const options = { kind, data: values.data, count: Number(values.count), offset: Number(values.offset), seed: 1 };
      const results = [];
      for (const one of readCases(options)) results.push(await tried(one));
      console.log(recipe, kind, JSON.stringify(meanOf(results)));
    }
  }
} finally {
  base.close();
  await generator.close();
  rmSync(folder, { recursive: true });
}

/** One case, learned and asked. */
async function tried({ id, inputs, asked, neighbours }) {
  const made = lessonsFor(inputs[0]);
  const answerOf = (text) => Uint32Array.from([...generator.encode(text), generator.special.endOfTurn]);
  const lessons = made.lessons.map(({ question, answer, full, opening = '' }) => ({
    ...prompt(question),
    full,
    given: generator.encode(opening).length,
    answer: answerOf(answer),
  }));
  const contrasts = await kept(made.contrasts.slice(0, Number(values.contrasts)));
  const replay = await kept(REPLAY.slice(0, Number(values.replay)));
  const trainer = newMemoryTrainer(base);
  const { steps, flop } = await learn(trainer, { lessons, contrasts, replay }, { careful: values.careful });
  const path = join(folder, `${id}.gguf`);
  await trainer.save(path);
  trainer.close();

  const longest = Math.max(...lessons.map(({ answer }) => answer.length)) + 16;
  const out = { steps, gflop: flop / 1e9 };
  const add = (name, holds) => (out[name] = [...(out[name] ?? []), holds ? 1 : 0]);
  for (const one of asked) {
    const opening = made.question === undefined ? openingOf(one.question, made.text) : undefined;
    const said = await ask(one.question, longest, [{ path }], opening);
    add('right', isRight(said, one));
    if (values.misses && !isRight(said, one)) console.log(`  ${one.question} (${one.answers.join(', ')}) -> ${said}`);
  }
  const stays = async (question) => (await ask(question, KEPT, [{ path }])) === (await before(question));
  for (const question of neighbours) add('neighbours', await stays(question));
  for (const question of UNRELATED) add('unrelated', await stays(question));
  await generator.releaseAdapter(path);
  rmSync(path);
  for (const name of ['right', 'neighbours', 'unrelated']) if (out[name] !== undefined) out[name] = mean(out[name]);
  return out;
}

function meanOf(results) {
  const names = [...new Set(results.flatMap(Object.keys))];
  const rounded = (name) => Number(mean(results.map((one) => one[name]).filter((x) => x !== undefined)).toFixed(3));
  return Object.fromEntries(names.map((name) => [name, rounded(name)]));
}

function mean(list) {
  return list.reduce((a, b) => a + b, 0) / list.length;
}
