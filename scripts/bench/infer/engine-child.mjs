// One engine in a process of its own: does timed work when asked to, and trains beside it with engram's trainer when told to.
// Not a program to start by hand: engine.mjs speaks with it.
//
// First line: { engine, model, threads, contextSize }; without `engine` it can only train.
import { setTimeout as sleep } from 'node:timers/promises';
import { BackgroundTraining } from './background-training.mjs';
import { BEGINNINGS, QUESTION, textOf } from './prompts.mjs';
import { serve } from './serve.mjs';
import { repeat } from './work.mjs';

const ENGINES = { engram: './engram-engine.mjs', 'node-llama-cpp': './node-llama-cpp-engine.mjs' };

await serve(async ({ engine: name, ...options }) => {
  const training = new BackgroundTraining(options.model);
  const actions = {
    start: () => training.start(),
    stop: () => training.stop(),
    train: ({ seconds }) => training.during(() => sleep(seconds * 1000)),
    saveAdapter: ({ path, isMemory }) => training.save(path, { isMemory }),
  };
  if (name === undefined) return { actions, close: () => undefined };

  const started = performance.now();
  const engine = await (await import(ENGINES[name])).open(options);
  const loadMs = performance.now() - started;
  await engine.complete(BEGINNINGS[0], { maxTokens: 4 });
  const timed = timedWork(engine);
  return {
    about: { loadMs },
    actions: {
      ...actions,
      timed: ({ isTraining, ...work }) => (isTraining ? training.during(() => timed(work)) : timed(work)),
      firstToken: firstToken(engine),
      answer: shortAnswer(engine),
    },
    close: () => engine.close(),
  };
});

/** Work of a kind (see work.mjs), as milliseconds a token. */
function timedWork(engine) {
  let variant = 0;
  let beginning;
  const kinds = {
    prompt: (tokens) => (signal) => {
      const text = textOf(engine.count, tokens, variant++);
      const length = engine.count(text);
      return clocked(async () => ((await engine.complete(text, { maxTokens: 1, signal })) > 0 ? length : 0));
    },
    generation: (tokens) => (signal) => clocked(() => engine.complete(beginning, { maxTokens: tokens, signal })),
    chat: (tokens) => (signal) => clocked(() => engine.chat(QUESTION, { maxTokens: tokens, signal })),
  };
  return async ({ kind, tokens, ...limits }) => {
    if (kind === 'generation') beginning ??= await goesOnLongest(engine, tokens, AbortSignal.timeout(limits.limitMs));
    return repeat(kinds[kind](tokens), limits);
  };
}

async function clocked(work) {
  const start = performance.now();
  const tokens = await work();
  return { tokens, ms: performance.now() - start };
}

/** A beginning after which as many tokens come, or else the one with most; when there is no time to see, the next one. */
async function goesOnLongest(engine, maxTokens, signal) {
  const tried = [];
  for (const text of BEGINNINGS) {
    const tokens = await engine.complete(text, { maxTokens, signal });
    if (tokens === maxTokens || signal.aborted) return text;
    tried.push({ text, tokens });
  }
  return tried.sort((a, b) => b.tokens - a.tokens)[0].text;
}

/** Milliseconds from a question, a prompt of so many tokens with its template, to the first text of the answer. */
function firstToken(engine) {
  let variant = 0;
  return async ({ tokens }) => {
    const text = textOf(engine.countChat, tokens, variant++);
    const start = performance.now();
    let ms;
    await engine.chat(text, { maxTokens: 8, onText: () => (ms ??= performance.now() - start) });
    return { ms };
  };
}

/** Milliseconds of a one-token answer with an adapter, and of processor time, which hardly depends on what else runs. */
function shortAnswer(engine) {
  let variant = 0;
  return async ({ adapter }) => {
    const text = textOf(engine.count, 8, variant++);
    const before = process.cpuUsage();
    const { ms } = await clocked(() => engine.complete(text, { maxTokens: 1, adapter }));
    const { user, system } = process.cpuUsage(before);
    return { ms, cpuMs: (user + system) / 1000 };
  };
}
