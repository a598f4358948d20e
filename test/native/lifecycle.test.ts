// Ends of processes and workers at awkward moments, garbage collection, and nonsense given to the addon itself: nothing may
// crash, hang or leak. Plain JavaScript in child processes, since a crash would take the test runner along.
import { describe, expect, it } from 'vitest';
import { inWorker, node } from './child.js';
import { TINY, TINY_QUANTISED } from './tiny.js';

describe('the process', () => {
  it('ends though a trainer is idle', async () => {
    const outcome = await node(`
      globalThis.kept = trainerOf(await open(), 1);
      await backward(kept, 1);
      console.log('idle');
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: 'idle', stderr: '' });
  });

  it('lives while a call runs that nobody awaits', async () => {
    const outcome = await node(`
      const trainer = trainerOf(await open(), 20);
      backward(trainer, 20).then(() => console.log('done'));
      trainer.save = null;
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: 'done', stderr: '' });
  });

  it.each([0, 1, 5, 20, 60, 150])('may exit %i ms into a call', async (ms) => {
    const outcome = await node(`
      const trainer = trainerOf(await open(), 400);
      backward(trainer, 400);
      await sleep(${ms});
      process.exit(7);
    `);
    expect(outcome).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  it.each([0, 2, 10])('may exit %i ms into loading and measuring', async (ms) => {
    const outcome = await node(`
      open();
      addon.measurePeak({ threads: 2, ms: 2000 });
      await sleep(${ms});
      process.exit(7);
    `);
    expect(outcome).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  it('may die of an error in the middle of a call', async () => {
    const outcome = await node(`
      const trainer = trainerOf(await open(), 400);
      backward(trainer, 400);
      setTimeout(() => { throw new Error('mine'); }, 50);
      await sleep(10000);
    `);
    expect(outcome).toMatchObject({ code: 1, signal: null });
    expect(outcome.stderr).toContain('mine');
    expect(outcome.seconds).toBeLessThan(8);
  });
});

describe('worker threads', () => {
  it('train, several at once, beside the main thread', async () => {
    const outcome = await node(`
      const body = () => ${inWorker(`
        const trainer = trainerOf(await open(), 3);
        const { examples } = await backward(trainer, 3);
        require('node:worker_threads').parentPort.postMessage(examples[0].sumLoss);
      `)};
      const losses = [0, 1, 2].map(() => new Promise((resolve, reject) => body().on('message', resolve).on('error', reject)));
      const trainer = trainerOf(await open(), 3);
      losses.push(backward(trainer, 3).then(({ examples }) => examples[0].sumLoss));
      console.log(new Set(await Promise.all(losses)).size);
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: '1', stderr: '' });
  });

  it('train as they would alone, over the same model and over others, and save to one path', async () => {
    // Twelve steps with dropout; the hash of the adapter that is saved.
    const training = `
      const train = async ([path, seed, adapter]) => {
        const model = await open(undefined, path);
        const trainer = model.createTrainer({ ...lora, dropout: 0.2, seed }, { ...optimizer, learningRate: 1e-2 }, 2);
        for (let i = 0; i < 4; i++) {
          const tokens = Int32Array.from({ length: 40 }, (_, j) => (seed + i + 7 * j) % 90);
          trainer.add(tokens, new Float32Array(40).fill(1), new Float32Array(40).fill(0.1));
        }
        for (let step = 0; step < 12; step++) {
          await trainer.backward(Int32Array.of(step % 4, (step + 1) % 4), Float32Array.of(0.01, 0.02), Float32Array.of(0.01, 0));
          await trainer.update();
        }
        await trainer.save(adapter);
        const own = adapter + '.' + seed;
        await trainer.save(own);
        return hash(own);
      };
      const hash = (path) => require('node:crypto').createHash('sha256').update(require('node:fs').readFileSync(path)).digest('hex');
    `;
    const outcome = await node(`
      ${training}
      const fs = require('node:fs');
      const folder = fs.mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'engram-workers-'));
      const adapter = folder + '/adapter.gguf';
      const jobs = ${JSON.stringify([TINY, TINY, TINY_QUANTISED, TINY])}.map((path, seed) => [path, seed, adapter]);
      const alone = [];
      for (const job of jobs) alone.push(await train(job));
      const inThread = (job) => new Promise((resolve, reject) => {
        const worker = ${inWorker(`${training}
          const { parentPort } = require('node:worker_threads');
          parentPort.once('message', async (job) => { parentPort.postMessage(await train(job)); });
        `)};
        worker.on('message', resolve).on('error', reject).postMessage(job);
      });
      const together = await Promise.all([train(jobs[0]), ...jobs.slice(1).map(inThread)]);
      console.log(new Set(alone).size, together.every((sum, i) => sum === alone[i]), alone.includes(hash(adapter)));
      console.log(fs.readdirSync(folder).length);
      fs.rmSync(folder, { recursive: true });
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: '4 true true\n5', stderr: '' });
  });

  it('may die in the middle of a call, and the others go on', async () => {
    const outcome = await node(`
      const ends = { exit: 'process.exit(3)', error: "throw new Error('mine')" };
      const main = trainerOf(await open(), 3);
      const { examples: [before] } = await backward(main, 3);
      for (const end of ['exit', 'error', 'exit', 'error']) {
        const worker = ${inWorker(`
          const { workerData, parentPort } = require('node:worker_threads');
          const trainer = trainerOf(await open(), 300);
          backward(trainer, 300);
          setTimeout(() => eval(workerData), 20);
        `).replace('eval: true', 'eval: true, workerData: "(() => {" + ends[end] + "})()"')};
        let message = '';
        worker.on('error', (error) => (message = error.message));
        const code = await new Promise((resolve) => worker.on('exit', resolve));
        console.log(code, message);
      }
      const { examples: [after] } = await backward(main, 3);
      console.log(after.sumLoss === before.sumLoss);
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: '3 \n1 mine\n3 \n1 mine\ntrue', stderr: '' });
  });

  it('may end in the callback that hears of progress', async () => {
    const outcome = await node(`
      for (let i = 0; i < 10; i++) {
        const worker = ${inWorker(`await open(() => process.exit(5)).catch(() => {}); await sleep(5000);`)};
        console.log(await new Promise((resolve) => worker.on('exit', resolve)));
      }
      await open(() => process.exit(6)).catch(() => {});
      await sleep(5000);
    `);
    expect(outcome).toMatchObject({ code: 6, signal: null, stderr: '' });
    expect(new Set(outcome.stdout.split('\n'))).toEqual(new Set(['5']));
  });

  it('may be terminated in the middle of a call', async () => {
    const outcome = await node(`
      for (const ms of [0, 1, 3, 10, 20, 50, 100, 5, 15, 30]) {
        const worker = ${inWorker(`
          const { parentPort } = require('node:worker_threads');
          const trainer = trainerOf(await open(), 300);
          setInterval(() => parentPort.postMessage('tick'), 1);
          for (;;) await backward(trainer, 300).catch(() => {});
        `)};
        await new Promise((resolve) => worker.once('message', resolve));
        await sleep(ms);
        const start = performance.now();
        await worker.terminate();
        if (performance.now() - start > 1500) console.log('slow', performance.now() - start);
      }
      for (const ms of [0, 2, 5, 10, 20, 40]) {
        const worker = ${inWorker(`open(); addon.measurePeak({ threads: 2, ms: 300 }); await sleep(5000);`)};
        await new Promise((resolve) => worker.once('online', resolve));
        await sleep(ms);
        await worker.terminate();
      }
      console.log('fine');
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: 'fine', stderr: '' });
  });

  it('may be terminated while it only calls, rightly and wrongly', async () => {
    const outcome = await node(`
      for (let i = 0; i < 20; i++) {
        const worker = ${inWorker(`
          const trainer = trainerOf(await open(), 1);
          require('node:worker_threads').parentPort.postMessage('started');
          for (let i = 0; ; i++) {
            try { trainer.add(1); } catch {}
            if (i % 50 === 0) await backward(trainer, 1);
          }
        `)};
        await new Promise((resolve) => worker.once('message', resolve));
        await sleep(i % 7);
        await worker.terminate();
      }
      console.log('fine');
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: 'fine', stderr: '' });
  });

  it('may end while calls are queued and many short ones come back', async () => {
    const outcome = await node(`
      for (let i = 0; i < 10; i++) {
        const worker = ${inWorker(`
          const { parentPort } = require('node:worker_threads');
          const trainer = trainerOf(await open(), 1);
          for (let i = 0; i < 2000; i++) backward(trainer, 1).catch(() => {});
          parentPort.postMessage('queued');
        `)};
        await new Promise((resolve) => worker.once('message', resolve));
        await sleep(5 * i);
        await worker.terminate();
      }
      console.log('fine');
    `);
    expect(outcome).toMatchObject({ code: 0, stdout: 'fine', stderr: '' });
  });
});

describe('memory', () => {
  it('keeps what a call needs though nobody else does', async () => {
    const outcome = await node(
      `
      const promise = (await open().then((model) => backward(trainerOf(model, 30), 30)));
      const calls = [0, 1, 2].map(async () => backward(trainerOf(await open(), 30), 30));
      const collect = setInterval(gc, 2);
      const losses = await Promise.all(calls);
      clearInterval(collect);
      console.log(losses.every(({ examples }) => examples.length === 30));
    `,
      ['--expose-gc'],
    );
    expect(outcome).toMatchObject({ code: 0, stdout: 'true', stderr: '' });
  });

  it.runIf(process.platform === 'linux')('keeps an engine until what was asked of it is answered', async () => {
    const outcome = await node(
      `
      const model = await languageModel();
      const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
      const before = threads();
      let tokens = 0;
      const ask = async (engine) => [
        ...[150, 20, 5].map((most) => generate(engine, most, (some) => (tokens += some.length))),
        engine.save(0).then(({ tokens }) => ({ finish: 'saved' + tokens.length })),
      ];
      const held = await engineOf(model);
      const expected = (await Promise.all(await ask(held))).map(({ finish }) => finish).join(' ');
      const each = tokens;
      await held.close();
      const calls = [];
      for (let i = 0; i < 5; i++) calls.push(...(await ask(await engineOf(model))));
      const closing = await engineOf(model); // one that is closed with all of it still to do
      const cut = [generate(closing, 150), generate(closing, 150), closing.close()];
      const collect = setInterval(gc, 2);
      const results = await Promise.all(calls);
      const ended = await Promise.all(cut);
      for (let i = 0; i < 100 && threads() > before; i++) await sleep(10);
      clearInterval(collect);
      console.log(results.map(({ finish }) => finish).join(' ') === Array(5).fill(expected).join(' '), tokens === 6 * each);
      console.log(ended[0].finish, ended[1].finish, threads() <= before);
    `,
      ['--expose-gc'],
    );
    expect(outcome).toMatchObject({ code: 0, stdout: 'true true\ncancelled cancelled true', stderr: '' });
  });

  it.runIf(process.platform === 'linux')('and threads are given back, closed or collected', async () => {
    const outcome = await node(
      `
      const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
      const settle = async () => { for (let i = 0; i < 20; i++) { gc(); await sleep(5); } };
      const model = await open();
      await settle();
      const before = threads();
      const trainers = [...Array(20)].map(() => trainerOf(model, 1));
      await Promise.all(trainers.map((trainer) => backward(trainer, 1)));
      console.log(threads() >= before + 20);
      for (const trainer of trainers) trainer.close();
      await settle();
      console.log(threads() - before);
      for (let i = 0; i < 20; i++) await backward(trainerOf(await open(), 1), 1);
      await settle();
      console.log(threads() - before);
    `,
      ['--expose-gc'],
    );
    expect(outcome).toMatchObject({ code: 0, stdout: 'true\n0\n0', stderr: '' });
  });
});

describe('nonsense', () => {
  it('is refused with a code, whatever it is and wherever it comes', async () => {
    const outcome = await node(`
      const model = await open();
      const trainer = trainerOf(model, 1);
      const detached = new Float32Array(4);
      structuredClone(detached, { transfer: [detached.buffer] });
      const junk = [undefined, null, NaN, -1, 0.5, 1e300, '', 'x', 'a\\0b', true, 10n, Symbol('s'), [], {}, () => {}, new Date(),
        new Proxy({}, {}), new Uint8Array(4), new Float32Array(4).fill(NaN), new Float32Array(3), new Int32Array([5, -5]),
        new Uint32Array([4294967295, 1]), new Float64Array(2), new BigInt64Array(2), new ArrayBuffer(8), detached, Object.create(null),
        { get rank() { throw new Error('getter'); }, get threads() { throw new Error('getter'); } }];
      let state = 1;
      const pick = () => junk[(state = (state * 48271) % 2147483647) % junk.length];
      const codes = new Set();
      const attempt = async (call) => {
        try { await call(); codes.add('none'); } catch (error) { codes.add(error.code ?? error.message); }
      };
      for (let i = 0; i < 3000; i++) {
        const args = [pick(), pick(), pick(), pick()].slice(0, i % 5);
        for (const name of ['add', 'backward', 'evaluate', 'logits', 'load']) await attempt(() => trainer[name](...args));
        await attempt(() => addon.openModel(...args));
        await attempt(() => model.createTrainer(...args));
        await attempt(() => model.createTrainer({ ...lora, [Object.keys(lora)[i % 9]]: pick() }, { ...optimizer, [Object.keys(optimizer)[i % 9]]: pick() }, 1).close());
        await attempt(() => addon.estimateMemory(...args));
        await attempt(() => addon.measurePeak(...args));
      }
      const { add } = trainer;
      for (const self of [undefined, {}, model, addon]) await attempt(() => add.call(self, 1));
      await attempt(() => new trainer.constructor());
      await attempt(() => new model.constructor(trainer));
      await attempt(() => trainer.constructor());
      model.close();
      await attempt(() => model.info);
      await attempt(() => model.createTrainer(lora, optimizer, 1));
      console.log([...codes].sort().join('|'));
    `);
    expect(outcome).toMatchObject({ code: 0, signal: null });
    expect(outcome.stdout.split('|')).toEqual(expect.arrayContaining(['usage']));
    expect(outcome.stdout).not.toContain('internal');
  });
});
