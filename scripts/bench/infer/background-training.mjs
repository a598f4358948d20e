// A training that goes on in this process until it is stopped: LoRA of rank 8 on all matrices over a text of 128 tokens, the
// steps that memorize takes. Loaded when it is first needed.
import { availableParallelism } from 'node:os';
import { newMemoryTrainer } from '../../../dist/learn/recipe.js';
import { openBaseModel } from '../../../dist/training/index.js';
import { examplesOf } from '../shapes.mjs';

export class BackgroundTraining {
  #path;
  #opened;
  #steps = 0;
  /** Of a step with nothing beside it. */
  #aloneMs;
  #goesOn = false;
  #loop;

  constructor(path) {
    this.#path = path;
  }

  /** Starts it and waits for its first step. */
  async start() {
    const { step } = await (this.#opened ??= this.#open());
    this.#goesOn = true;
    const start = performance.now();
    await step();
    this.#aloneMs = performance.now() - start;
    this.#loop = (async () => {
      while (this.#goesOn) {
        await step();
        this.#steps++;
      }
    })();
    this.#loop.catch(() => undefined); // stop() tells
  }

  /** Ends it after the step that it is at. */
  async stop() {
    this.#goesOn = false;
    await this.#loop;
  }

  /** Does `work` while it trains, and adds to the result how many steps were done meanwhile, in how many seconds. Of the step
   * during which the work ended that part counts which was not left to do after it. */
  async during(work) {
    await this.start();
    const steps = this.#steps;
    const started = performance.now();
    const result = await work();
    const ended = performance.now();
    await this.stop();
    const left = Math.min(1, (performance.now() - ended) / this.#aloneMs);
    return { ...result, steps: this.#steps - steps - left, seconds: (ended - started) / 1000 };
  }

  /** Writes an adapter that one step has changed: of all layers, or as memorize makes one. */
  async save(path, { isMemory }) {
    const { step, trainer } = await this.#open(isMemory ? newMemoryTrainer : undefined);
    await step();
    await trainer.save(path);
  }

  /** With as many threads as engram trains with unless told. */
  async #open(newTrainer = (model) => model.newTrainer({ rank: 8 })) {
    const model = await openBaseModel(this.#path, { threads: availableParallelism() });
    const trainer = newTrainer(model);
    const [example] = examplesOf({ batch: 1, tokens: 128 }, model.info.vocabularySize);
    const batch = [{ example: trainer.add(example), scale: 1 / 128 }];
    const step = async () => {
      await trainer.backward(batch);
      await trainer.update();
    };
    return { trainer, step };
  }
}
