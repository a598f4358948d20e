// Whether memorize notices that a new memory says something else than one that is held, and whether it cries out without need: in a
// brain of rows of public data, by the real gate and embeddings; nothing is trained and no model answers. For choosing the limits
// of src/memory/contradiction.ts.
// Usage, after a build: node scripts/bench/contradictions.mjs --data FOLDER [--count 100] [--offset 0] ['{"sameQuestion": 0.85}' …]
// Each JSON is one set of limits, as far as it differs from what is there. Shares of what was told: found, and of what should not
// be found, false alarms.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedder, readSettings } from '../../dist/index.js';
import { loadGenerator } from '../../dist/inference/index.js';
import { contradictions, LIMITS } from '../../dist/memory/contradiction.js';
import { gateKeys } from '../../dist/memory/gate.js';
import { informationFrom } from '../../dist/memory/information.js';
import { lessonsFor } from '../../dist/memory/lessons/index.js';
import { Router } from '../../dist/memory/router.js';
import { ensureModel } from '../../dist/models/index.js';
import { readCases } from './memory/cases.mjs';
import { namesOf, untrue } from './memory/passages.mjs';
import { randomFrom } from './memory/random.mjs';
import { readScriptOptions } from './script-options.mjs';

const { values, positionals } = readScriptOptions({
  allowPositionals: true,
  options: {
    kinds: { type: 'string', default: 'zsre,counterfact,wikibigedit,sentences' },
    count: { type: 'string', default: '100' },
    misses: { type: 'boolean', default: false },
  },
});

const settings = readSettings();
const { path } = await ensureModel(settings, settings.model, 'chat');
const generator = await loadGenerator(path, { contextSize: 256, gpu: false });
const information = informationFrom((text) => generator.encode(text));
const embedder = remembering(await openEmbedder({}));
const folder = mkdtempSync(join(tmpdir(), 'engram-contradictions-'));
const chosen = { ...LIMITS };

try {
  for (const kind of values.kinds.split(',')) {
    const cases = readCases({
      ...{ kind, data: values.data, seed: 1 },
      ...{ count: Number(values.count), offset: Number(values.offset) },
    });
    const brain = brainOf(cases);
    const router = new Router(brain, () => Promise.resolve(embedder), information);
    const told = toldOf(kind, cases);
    for (const limits of positionals.length > 0 ? positionals : ['{}']) {
      Object.assign(LIMITS, chosen, JSON.parse(limits));
      console.log(limits, kind, JSON.stringify(await shares(brain, router, told)));
    }
  }
} finally {
  await embedder.close();
  await generator.close();
  rmSync(folder, { recursive: true });
}

/** Of each kind of telling: found says that the memory it is about was found, others how often another one was. */
async function shares(brain, router, told) {
  const out = {};
  for (const { about, how, input } of told) {
    const ids = (await contradictions({ brain, router }, lessonsFor(input))).map(({ id }) => id);
    const one = (out[how] ??= { told: 0, found: 0, others: 0 });
    one.told++;
    if (ids.includes(about)) one.found++;
    if (ids.some((id) => id !== about)) one.others++;
    if (values.misses && (ids.includes(about) !== how.startsWith('another') || ids.some((id) => id !== about)))
      console.log('  ', how, JSON.stringify(input), '->', JSON.stringify(ids.map((id) => brain.get(id).text)));
  }
  return out;
}

/** What is said to a brain that holds the cases: another answer or the same one, to the same question or its paraphrase; and a
 * sentence that is untrue, or another one of its passage. */
function toldOf(kind, cases) {
  const random = randomFrom(1);
  return cases.flatMap(({ id, inputs: [input], old, asked, neighbours }, i) => {
    if (kind === 'sentences') {
      const other = untrue(input, namesOf(cases[(i + 1) % cases.length].text), random);
      return other === undefined ? [] : [{ about: id, how: 'another value', input: other }];
    }
    const paraphrase = asked.find(({ ask }) => ask === 'paraphrase').question;
    // Where the data has no other answer: one of another row.
    const answer = old?.input.answer ?? cases[(i + 1) % cases.length].inputs[0].answer;
    return [
      { about: id, how: 'another answer', input: { question: input.question, answer } },
      { about: id, how: 'another answer, paraphrased', input: { question: paraphrase, answer } },
      { about: id, how: 'a near question', input: { question: neighbours[0], answer } },
      { about: id, how: 'the same answer', input },
      { about: id, how: 'the same answer, paraphrased', input: { question: paraphrase, answer: input.answer } },
    ];
  });
}

/** As much of a brain as is looked at. */
function brainOf(cases) {
  const memories = cases.map(({ id, inputs: [input] }) => {
    const { text, question, answer, lessons } = lessonsFor(input);
    const keys = gateKeys({ text, lessons, ...(question === undefined ? {} : { question }) });
    return { id, text, question, answer, state: 'remembered', adapter: { sha256: id }, data: { gate: { keys } } };
  });
  const byId = new Map(memories.map((memory) => [memory.id, memory]));
  return { folder, memories: () => memories, get: (id) => byId.get(id) };
}

/** Embeds nothing twice. */
function remembering(real) {
  const known = new Map();
  return {
    ...{ id: real.id, dimensions: real.dimensions },
    close: () => real.close(),
    async embed(texts, options) {
      const missing = [...new Set(texts)].filter((text) => !known.has(text));
      if (missing.length > 0) {
        (await real.embed(missing, options)).forEach((vector, i) => known.set(missing[i], vector));
      }
      return texts.map((text) => known.get(text));
    },
  };
}
