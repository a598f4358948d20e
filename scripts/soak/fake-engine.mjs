// An engine without a model that keeps what it is told in files, as the real one does: the file of a memory first, then the line that
// commits it. For the soak and for tests that kill a server. Not here: anything that is learned.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** `index`: AbortError, EngramError and RunControl of the public API; `stepMs`: what a step of a training takes, `wordMs` a word. */
export function fakeApi(index, { stepMs = 5, wordMs = 2, steps = 8 } = {}) {
  const { AbortError } = index;
  const pause = async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    if (signal?.aborted) throw new AbortError();
  };
  const timing = { stepMs, wordMs, steps, pause };
  return {
    Engram: { open: (options) => Promise.resolve(fakeEngram(index, timing, options)) },
    openEmbedder: () =>
      Promise.resolve({
        embed: async (texts, { signal } = {}) => {
          await pause(wordMs, signal);
          return texts.map((text) => Float32Array.of(text.length, 1, 2, 3));
        },
        close: () => Promise.resolve(),
      }),
    RunControl: index.RunControl,
    doctor: () => Promise.resolve({ problems: [] }),
  };
}

function fakeEngram({ EngramError, AbortError }, { stepMs, wordMs, steps, pause }, { home, brain = 'default' }) {
  const folder = join(home, 'brains', brain);
  const ledger = join(folder, 'ledger.jsonl');
  const runsFile = join(home, 'runs.json');
  const lines = () =>
    existsSync(ledger)
      ? readFileSync(ledger, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];
  const held = () => {
    const all = new Map();
    for (const { kind, id, text, time } of lines()) {
      if (kind === 'remembered') all.set(id, { id, text, createdAt: time, state: 'remembered' });
      else all.get(id).state = 'forgotten';
    }
    // What has a line has its file: otherwise it is damaged.
    for (const memory of all.values()) {
      if (memory.state === 'remembered' && !existsSync(join(folder, `${memory.id}.bin`))) memory.damaged = 'missing';
    }
    return [...all.values()];
  };
  const commit = (kind, id, text) => {
    mkdirSync(folder, { recursive: true });
    appendFileSync(ledger, `${JSON.stringify({ kind, id, text, time: new Date().toISOString() })}\n`);
  };
  const find = (id) => {
    const found = held().find((memory) => memory.id === id && memory.state === 'remembered');
    if (found === undefined) throw new EngramError('not_found', `There is no memory "${id}".`);
    return found;
  };
  const forget = async (id) => {
    const memory = find(id);
    commit('forgotten', id);
    rmSync(join(folder, `${id}.bin`), { force: true });
    return { ...memory, state: 'forgotten' };
  };
  const add = async (input, { signal, onProgress } = {}) => {
    const text = typeof input === 'string' ? input : Object.values(input).join(' ');
    const id = `m-${randomBytes(4).toString('hex')}`;
    for (let step = 1; step <= steps; step++) {
      onProgress?.({ phase: 'train', step, steps, loss: 1 / step, tokensPerSecond: 100 });
      await pause(stepMs, signal);
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${id}.tmp`), 'adapter');
    renameSync(join(folder, `${id}.tmp`), join(folder, `${id}.bin`));
    commit('remembered', id, text);
    return receiptOf(id, steps);
  };
  const runs = () => (existsSync(runsFile) ? JSON.parse(readFileSync(runsFile, 'utf8')) : []);
  const keep = (run) => {
    const others = runs().filter(({ id }) => id !== run.id);
    writeFileSync(`${runsFile}.tmp`, JSON.stringify([...others, run]));
    renameSync(`${runsFile}.tmp`, runsFile);
  };
  const train = async ({ resume, adapter, signal, onEvent }) => {
    const run = runs().find(({ id }) => id === resume) ?? {
      ...{ id: `run-${randomBytes(4).toString('hex')}`, adapter, status: 'running', step: 0, begunAt: [] },
      ...{ createdAt: new Date().toISOString(), model: { name: 'tiny' } },
    };
    run.begunAt.push(run.step);
    keep(run);
    const rows = { train: 2, validation: 0, test: 0 };
    onEvent?.({ type: 'started', run: run.id, folder: home, rows, step: run.step });
    for (let step = run.step + 1; step <= steps; step++) {
      await pause(stepMs, signal);
      const metrics = { type: 'metrics', kind: 'step', step, epoch: 1, split: 'train', loss: 1 / step, accuracy: 0.5 };
      onEvent?.({ ...metrics, timeMs: stepMs });
      if (step % 2 === 0) keep(Object.assign(run, { step })); // a checkpoint
    }
    const result = { adapter: run.adapter, run: run.id, trainedTokens: 9 * steps };
    keep(Object.assign(run, { status: 'done', step: steps, result }));
    return result;
  };
  const adapters = () => runs().flatMap(({ status, adapter }) => (status === 'done' ? [adapterOf(adapter)] : []));
  const chat = async (messages, { signal, onText, maxTokens = 1000 } = {}) => {
    const question = messages.at(-1).content;
    const words = `I know ${question.split(' ').length} words.`.split(/(?<= )/).slice(0, maxTokens);
    let said = '';
    for (const word of words) {
      await pause(wordMs, signal).catch(() => {
        throw new AbortError(said);
      });
      said += word;
      onText?.(word);
    }
    const counts = { promptTokens: 5, reusedTokens: 0, tokens: words.length, seconds: 0, finishReason: 'stop' };
    return { answer: said.trim(), source: 'base', memories: [], passages: [], ...counts };
  };
  const done = () => Promise.resolve();
  return {
    ...{ chat, load: done, close: done, contextSize: 2048 },
    complete: async (prompt, { signal } = {}) => {
      await pause(wordMs, signal);
      const counts = {
        promptTokens: 3,
        reusedTokens: 0,
        guessedTokens: 0,
        tokens: 4,
        seconds: 0,
        firstTokenSeconds: 0,
      };
      return { text: ' and so on.', finishReason: 'stop', ...counts };
    },
    tokens: (text) => Promise.resolve(text.split(' ').map((word, id) => ({ id, text: word }))),
    textOf: (ids) => Promise.resolve(ids.join(' ')),
    countChat: (messages) => Promise.resolve(messages.reduce((sum, { content }) => sum + content.split(' ').length, 1)),
    embed: (texts) => Promise.resolve(texts.map(() => new Float32Array(4))),
    memories: {
      ...{ add, forget, list: ({ all = false } = {}) => Promise.resolve(all ? held() : held().filter(isHeld)) },
      get: (id) => Promise.resolve().then(() => find(id)),
      addAll: async (inputs, { signal, onProgress } = {}) => {
        const memories = [];
        for (const [index, input] of inputs.entries()) {
          const told = (progress) => onProgress?.({ index, of: inputs.length, input, progress });
          memories.push({ input, receipt: await add(input, { signal, onProgress: told }) });
        }
        return { memories, committed: memories.length, known: 0, failed: 0, seconds: 0 };
      },
      prove: () => Promise.resolve({ asked: 8, recalled: 0, base: 0, toldBy: [] }),
      sleep: () =>
        Promise.resolve({ due: [], memories: [], passages: { due: [], learned: [] }, ended: 'done', seconds: 0 }),
      explain: async (question, { answer, signal } = {}) => {
        const said = await chat([{ content: question }], { signal });
        const base = { answer: 'Nobody.', logprob: -9 };
        return {
          question,
          answer: answer ?? said.answer,
          source: 'base',
          logprob: -1,
          tokens: 3,
          base,
          influences: [],
        };
      },
      forgetAll: async (ids) => {
        ids.forEach(find); // all, or none
        return Promise.all(ids.map(forget));
      },
      history: () => Promise.resolve(lines().map(({ kind, id, time }, i) => ({ id: i + 1, kind, time, memoryId: id }))),
      recall: () =>
        Promise.resolve(
          held()
            .filter(isHeld)
            .map((memory) => ({ kind: 'memory', relevance: 0.5, memory })),
        ),
      undo: async () => {
        const last = held().filter(isHeld).at(-1);
        if (last === undefined) throw new EngramError('not_found', 'There is nothing to undo.');
        return [{ memory: await forget(last.id) }];
      },
    },
    documents: {
      list: () => Promise.resolve([]),
      search: () => Promise.resolve([]),
      ingest: () => Promise.resolve({ documents: 1, passages: 1, embedded: 1, seconds: 0, skipped: [] }),
      remove: () => Promise.resolve([]),
    },
    adapters: {
      train,
      list: () => Promise.resolve({ adapters: adapters(), broken: [] }),
      get: (name) => Promise.resolve(adapters().find((one) => one.name === name) ?? adapterOf(name)),
      remove: done,
      runs: () => Promise.resolve(runs().map((record) => ({ record, folder: home, active: false, resumable: true }))),
      run: (id) => Promise.reject(new EngramError('not_found', `There is no run "${id}".`)),
    },
    models: {
      list: () => Promise.resolve([statusOf('tiny', 'chat'), statusOf('vectors', 'embedding')]),
      pull: (name) => Promise.resolve({ name, fetched: [] }),
    },
    brains: {
      names: () => [brain],
      list: () => Promise.resolve([{ name: brain, model: 'tiny', memories: held().length }]),
      get: (name) => Promise.resolve({ name, model: 'tiny', memories: held().filter(isHeld).length, damaged: 0 }),
    },
  };
}

const isHeld = ({ state }) => state === 'remembered';

function receiptOf(id, steps) {
  const shares = { before: 0, after: 1 };
  const counts = { seconds: 0, steps, tokens: 1, flop: 1 };
  return {
    id,
    loss: { before: 2, after: 0.1 },
    recall: shares,
    unrelated: { kept: 1, asked: 1 },
    ...counts,
    committed: true,
    probes: [],
  };
}

function adapterOf(name) {
  const base = { name: 'tiny', sha256: 'a'.repeat(64), architecture: 'llama', heads: 1, keyValueHeads: 1 };
  const manifest = {
    format: 1,
    name,
    rank: 8,
    alpha: 16,
    targets: [],
    layers: [0, 1],
    losses: [],
    base,
    trainedTokens: 9,
  };
  return {
    name,
    path: `/adapters/${name}.gguf`,
    bytes: 10,
    manifest: { ...manifest, createdAt: '2026-01-02T03:04:05.000Z' },
  };
}

function statusOf(name, role) {
  const files = [{ path: 'a.gguf', bytes: 5, sha256: 'b'.repeat(64), sources: [] }];
  const entry = {
    name,
    role,
    architecture: 'llama',
    parameters: 1e8,
    licence: 'x',
    aliases: [],
    description: '',
    files,
  };
  return { entry: { ...entry, shape: { contextLength: 2048 } }, installed: true, bytesOnDisk: 5, folder: '/x' };
}
