// One who embeds in Node: engram, or onnxruntime called as its documentation shows (batches of 32 texts of like length, padded).
// Asked by lines of JSON: first what to load and the texts, then for steps; a step embeds all texts once.
import { createInterface } from 'node:readline';
import { AutoTokenizer, env } from '@huggingface/transformers';

const BATCH = 32;
/** Vectors that are told, to compare them. */
const TOLD = 16;
const MOST_TOKENS = 256;
env.allowRemoteModels = false;

async function engram({ folder, dtype, threads, texts }) {
  const { loadEmbedder } = await import('../../dist/embedding/index.js');
  const embedder = await loadEmbedder({ folder, dtype, threads, card: { maxTokens: MOST_TOKENS } });
  return () => embedder.embed(texts, { maxWindows: 1 }); // the others leave out what does not fit
}

async function onnxruntime({ folder, graph, threads, texts }) {
  const { InferenceSession, Tensor } = (await import('onnxruntime-node')).default;
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
  const session = await InferenceSession.create(graph, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  const order = texts.map((_, i) => i).sort((a, b) => texts[a].length - texts[b].length);
  return async () => {
    const vectors = [];
    for (let start = 0; start < order.length; start += BATCH) {
      const batch = order.slice(start, start + BATCH);
      const rows = batch.map((i) => cut(tokenizer.encode(texts[i])));
      const tokens = Math.max(...rows.map(({ length }) => length));
      const fill = (value) =>
        new Tensor(
          'int64',
          BigInt64Array.from(rows.flatMap((row) => Array.from({ length: tokens }, (_, t) => BigInt(value(row, t))))),
          [rows.length, tokens],
        );
      const { last_hidden_state: hidden } = await session.run({
        input_ids: fill((row, t) => row[t] ?? 0),
        attention_mask: fill((row, t) => (t < row.length ? 1 : 0)),
        token_type_ids: fill(() => 0),
      });
      const size = hidden.dims[2];
      batch.forEach((i, r) => {
        vectors[i] = mean(hidden.data.subarray(r * tokens * size, (r * tokens + rows[r].length) * size), size);
      });
    }
    return vectors;
  };
}

const cut = (ids) => (ids.length <= MOST_TOKENS ? ids : [...ids.slice(0, MOST_TOKENS - 1), ids.at(-1)]);

function mean(hidden, size) {
  const sum = new Float32Array(size);
  for (let at = 0; at < hidden.length; at += size) for (let d = 0; d < size; d++) sum[d] += hidden[at + d];
  const norm = Math.hypot(...sum);
  return sum.map((value) => value / norm);
}

async function countTokens({ folder, texts }) {
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
  return texts.reduce((total, text) => total + cut(tokenizer.encode(text)).length, 0);
}

let embed;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  let answer;
  if (embed === undefined) {
    embed = await { engram, onnxruntime }[message.mode](message);
    const vectors = await embed();
    answer = { tokens: await countTokens(message), vectors: vectors.slice(0, TOLD).map((vector) => [...vector]) };
  } else {
    const ms = [];
    const started = performance.now();
    while (ms.length < message.steps || performance.now() - started < 1000 * message.seconds) {
      const before = performance.now();
      await embed();
      ms.push(performance.now() - before);
    }
    answer = { ms };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
