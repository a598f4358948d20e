// Takes training steps with engram when asked to, through the addon, as everybody who uses engram does. Not a program to
// start by hand: engram.mjs speaks with it.
//
// First line: { model, threads, precision, layers, examples: [{ tokens, weights }], fresh }. Then { steps, seconds }: at least
// so many steps and for at least so long, answered with { ms: [of each], flop, loss }. With `fresh` no example is seen twice,
// so that nothing kept of an example helps.
import { createInterface } from 'node:readline';
import { openBaseModel } from '../../dist/training/index.js';

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

async function main() {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { model: path, threads, precision, layers, examples, fresh } = JSON.parse((await lines.next()).value);
  const model = await openBaseModel(path, { threads, precision });
  const trainer = model.newTrainer({ rank: 8, layers });
  const addAll = (shift) => addExamples(trainer, examples, (token) => (token + shift) % model.info.vocabularySize);
  let batch = addAll(0);
  say({ precision: model.info.precision });

  let taken = 0;
  for await (const line of lines) {
    const { steps, seconds } = JSON.parse(line);
    const ms = [];
    let last;
    const started = performance.now();
    while (ms.length < steps || performance.now() - started < seconds * 1000) {
      if (fresh && taken > 0) batch = addAll(taken);
      taken++;
      const start = performance.now();
      last = await trainer.backward(batch);
      await trainer.update();
      ms.push(performance.now() - start);
    }
    say({ ms, flop: last.flop, loss: sum(last, 'sumLoss') / sum(last, 'sumWeights') });
  }
  trainer.close();
  model.close();
}

/** Adds the examples with other tokens, and returns them as one batch whose loss is the mean over its tokens. */
function addExamples(trainer, examples, change) {
  const count = examples.reduce((total, { weights }) => total + weights.filter((weight) => weight > 0).length, 0);
  return examples.map(({ tokens, weights }) => ({
    example: trainer.add({ tokens: tokens.map(change), weights }),
    scale: 1 / count,
  }));
}

function sum(loss, key) {
  return loss.examples.reduce((total, example) => total + example[key], 0);
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
