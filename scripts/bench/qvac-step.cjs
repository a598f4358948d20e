// Trains with qvac and prints what it reports of each step. Runs in Bare, not in Node; qvac.mjs starts it. LoRA as engram's:
// rank 8, all seven projections, a loss on every token.
// Usage: bare qvac-step.cjs '{ "folder", "path", "tokens", "threads", "work" }'
const { folder, path, tokens, threads, work } = JSON.parse(Bare.argv[2]);
const Llm = require(`${folder}/node_modules/@qvac/llm-llamacpp`);

async function main() {
  const model = new Llm({
    files: { model: [path] },
    config: { device: 'cpu', gpu_layers: '0', ctx_size: String(tokens), threads: String(threads), verbosity: '0' },
    opts: { stats: true },
  });
  await model.load();
  const training = await model.finetune({
    trainDatasetDir: `${work}/text.txt`,
    validation: { type: 'none' },
    outputParametersDir: `${work}/adapter.gguf`,
    checkpointSaveDir: `${work}/checkpoints`,
    contextLength: tokens,
    batchSize: tokens,
    microBatchSize: tokens,
    loraModules: 'attn_q,attn_k,attn_v,attn_o,ffn_gate,ffn_up,ffn_down',
    loraRank: 8,
  });
  training.on('stats', (step) => console.log(JSON.stringify(step)));
  await training.await();
}

main().catch((error) => {
  console.error(error.message);
  Bare.exit(1);
});
