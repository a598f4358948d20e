// A process that trains a thousand times, however the trainings end: memory, threads, files and mappings are the same after
// the last as after the first.
import { expect, it } from 'vitest';
import { node } from './child.js';
import { TINY, TINY_ADAPTER } from './tiny.js';

const MB = 2 ** 20;

interface Footprint {
  rss: number;
  heap: number;
  external: number;
  threads: number;
  files: number;
  mappings: number;
}

it.runIf(process.platform === 'linux')('a thousand trainings leave nothing behind', async () => {
  const outcome = await node(
    `
    const fs = require('node:fs');
    const settle = async () => { for (let i = 0; i < 20; i++) { gc(); await sleep(5); } };
    const footprint = async () => {
      await settle();
      const { rss, heapUsed, external } = process.memoryUsage();
      return {
        rss, heap: heapUsed, external,
        threads: fs.readdirSync('/proc/self/task').length,
        files: fs.readdirSync('/proc/self/fd').length,
        mappings: fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').length,
      };
    };
    const folder = fs.mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'engram-endurance-'));
    const adapter = folder + '/adapter.gguf';
    let model = await open();
    const add = (trainer, length) =>
      trainer.add(Int32Array.from({ length }, (_, i) => i), new Float32Array(length).fill(1), new Float32Array(length).fill(0.1));
    const step = async (trainer) => { await backward(trainer, 1); await trainer.update(); };
    const refused = async (promise) => { try { await promise; } catch (error) { return error.code; } throw new Error('not refused'); };
    // Every way in which a training ends.
    const ways = [
      async (trainer) => { await step(trainer); await trainer.save(adapter); await trainer.load(adapter); trainer.close(); },
      async (trainer) => { await step(trainer); await trainer.logits(Int32Array.of(1, 2, 3)); },  // left to the collector
      async (trainer) => { const running = backward(trainer, 1); trainer.close(); await running.catch(() => {}); },
      async (trainer) => { const running = backward(trainer, 1); trainer.cancel(); await running.catch(() => {}); await step(trainer); trainer.close(); },
      async (trainer) => { await refused(trainer.load(${JSON.stringify(TINY)})); await refused(trainer.save('/none/none')); trainer.close(); },
      async (trainer) => { await refused(trainer.load(${JSON.stringify(TINY_ADAPTER)})); },
      async (trainer) => { trainer.close(); model.close(); model = await open(); },
      async (trainer) => { trainer.close(); await open(() => false).then((other) => other.close(), () => {}); },
    ];
    const train = async (times) => {
      for (let i = 0; i < times; i++) {
        const trainer = model.createTrainer({ ...lora, rank: 3 }, optimizer, 1 + (i % 2));
        add(trainer, 8 + (i % 3));
        await ways[i % ways.length](trainer);
        if (i % 50 === 0) await settle();  // collectors are in no hurry while a loop is busy
      }
    };
    await train(400);
    const before = await footprint();
    await train(1000);
    const after = await footprint();
    fs.rmSync(folder, { recursive: true });
    console.log(JSON.stringify({ before, after }));
  `,
    ['--expose-gc'],
  );
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const { before, after } = JSON.parse(outcome.stdout) as { before: Footprint; after: Footprint };
  expect(after.threads).toBe(before.threads);
  expect(after.files).toBe(before.files);
  expect(after.mappings).toBeLessThan(before.mappings + 20);
  expect(after.external).toBeLessThan(before.external + MB / 4);
  expect(after.heap).toBeLessThan(before.heap + MB);
  // A trainer that stayed would keep 150 kB, a thousand of them 150 MB; the allocator settles within five.
  expect(after.rss).toBeLessThan(before.rss + 10 * MB);
});
