// The thread that computes: one onnxruntime session, asked by messages (session.ts). A thread of its own because
// onnxruntime-node computes on the thread that asks it. Plain JavaScript, so that it runs as it is from src and from dist.
import { parentPort, workerData } from 'node:worker_threads';

/** [whether something native runs here, whether nothing more may]: see session.ts. */
const state = new Int32Array(workerData.state);

let ort;
let session;
let output;

const actions = {
  async open({ model, threads }) {
    try {
      ort = (await import('onnxruntime-node')).default;
    } catch (error) {
      throw Object.assign(error, { code: 'native' });
    }
    session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      // Threads that wait by spinning would take the cores from training and generation.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    });
    const known = ['last_hidden_state', 'token_embeddings'];
    output = known.find((name) => session.outputNames.includes(name)) ?? session.outputNames[0];
    return { inputs: session.inputNames };
  },

  /** Texts of one length, one after another in `ids`. */
  async run({ ids, texts }) {
    const tokens = ids.length / texts;
    const feeds = {};
    for (const name of session.inputNames) feeds[name] = input(name, ids, texts, tokens);
    const results = await session.run(feeds, [output]);
    const hidden = results[output];
    // A copy, since what onnxruntime owns cannot be given to another thread.
    const data = Float32Array.from(hidden.data);
    const size = hidden.dims.at(-1);
    for (const tensor of [...Object.values(feeds), hidden]) tensor.dispose();
    return { data, size };
  },

  async close() {
    await session?.release();
    session = undefined;
    parentPort.close();
    return {};
  },
};

function input(name, ids, texts, tokens) {
  const int64 = (data, shape = [texts, tokens]) => new ort.Tensor('int64', data, shape);
  if (name === 'input_ids') return int64(ids);
  if (name === 'attention_mask') return int64(new BigInt64Array(ids.length).fill(1n));
  if (name === 'token_type_ids') return int64(new BigInt64Array(ids.length));
  if (name === 'position_ids')
    return int64(
      BigInt64Array.from({ length: tokens }, (_, i) => BigInt(i)),
      [tokens],
    );
  throw new Error(`the graph wants an input ${name}, which texts do not have`);
}

parentPort.on('message', async ({ id, action, ...message }) => {
  Atomics.store(state, 0, 1);
  try {
    if (Atomics.load(state, 1) === 1) throw new Error('the process ends');
    const answer = await actions[action](message);
    parentPort.postMessage({ id, answer }, answer.data === undefined ? [] : [answer.data.buffer]);
  } catch (error) {
    parentPort.postMessage({ id, error: { message: error?.message ?? String(error), code: error?.code } });
  } finally {
    Atomics.store(state, 0, 0);
    Atomics.notify(state, 0);
  }
});
