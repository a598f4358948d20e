// What the router needs around it: an embedder, the judge of the model, and brains that hold texts without adapters. Vectors are kept in
// the cache of the benchmarks, so that a second run computes only those of the questions. Not here: which texts there are.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Candidates } from '../../../dist/gate/candidates.js';
import { isPersonal } from '../../../dist/gate/grounds.js';
import { findJudge } from '../../../dist/gate/judge-file.js';
import { ClosenessJudge, TrainedJudge } from '../../../dist/gate/judge.js';
import { Router } from '../../../dist/gate/router.js';
import { modelSha256 } from '../../../dist/models/index.js';
import { openEmbedder } from '../../../dist/runtime/open-embedder.js';
import { settle } from '../../../dist/options/index.js';
import { LazyModel } from '../../../dist/runtime/lazy-model.js';
import { openBaseModel } from '../../../dist/training/index.js';
import { cacheFolder } from '../cache.mjs';
import { interruption } from '../child.mjs';
import { withModels } from '../memory/home.mjs';

/** Texts embedded between two looks at Ctrl+C. */
const SLAB = 256;

export class World {
  #embedder;
  #judge;
  #close = [];
  #folder = mkdtempSync(join(tmpdir(), 'engram-gate-'));
  #brains = 0;

  /** @param {{ model: string, embedder: string, threads?: number }} options */
  static async open({ model: name, embedder, threads }) {
    const world = new World();
    const home = join(cacheFolder(), 'gate');
    withModels(home);
    const signal = interruption;
    world.#embedder = await openEmbedder({ home, embedder, threads, signal });
    const settings = settle({ home, model: name, threads });
    const { resolved: model, generator } = await new LazyModel(settings, { signal }).open();
    world.#close = [() => generator.close(), () => world.#embedder.close()];
    const file = await findJudge(await modelSha256(settings.home, model.path));
    world.#judge = new ClosenessJudge();
    if (file !== undefined) {
      const base = await openBaseModel(model.path, { ...(threads === undefined ? {} : { threads }), signal });
      world.#judge = new TrainedJudge({ generator, base: () => Promise.resolve(base) }, file);
      world.#close.push(() => base.close());
    }
    return world;
  }

  /** `closeness` where the model has no judge. */
  get judgeId() {
    return this.#judge.id;
  }

  /** A gate over texts. @param {(text: string) => void} [show] */
  async gateOf(texts, show = () => undefined) {
    for (let start = 0; start < texts.length; start += SLAB) {
      interruption.throwIfAborted();
      await this.#embedder.embed(texts.slice(start, start + SLAB), { maxWindows: 1 });
      show(`${Math.min(texts.length, start + SLAB)} of ${texts.length} texts`);
    }
    const held = new Map(
      texts.map((text, i) => [String(i), { id: String(i), text, state: 'remembered', adapter: { sha256: 'none' } }]),
    );
    const brain = {
      folder: join(this.#folder, String(this.#brains++)),
      memories: () => [...held.values()],
      get: (id) => held.get(id),
      adapterPath: (id) => id,
      adapterFile: (id) => Promise.resolve(id),
    };
    const open = (one) => () => Promise.resolve(one);
    const router = new Router(brain, open(this.#embedder), open(this.#judge));
    const candidates = new Candidates();
    for (const { id, text } of held.values()) candidates.set(await router.entry(id, { text }));
    const gate = new Gate(router, candidates, this.#embedder);
    await gate.ask('Is anything there?'); // takes in the memories and loads the judge, which is no part of a question's time
    return gate;
  }

  async close() {
    this.#judge?.close();
    for (const close of this.#close) await close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

class Gate {
  constructor(router, candidates, embedder) {
    Object.assign(this, { router, candidates, embedder });
  }

  /** Which memory answers, by its place, if any does; that only the person could tell; the nearest by closeness alone; and how many
   * milliseconds it took to tell which one answers, the embedding of the question included. */
  async ask(question) {
    const before = performance.now();
    const { matches, personal } = await this.router.route([{ role: 'user', content: question }]);
    const ms = performance.now() - before;
    const [vector] = await this.embedder.embed([question], { kind: 'query', maxWindows: 1 });
    const [nearest] = this.candidates.find(question, vector, undefined, 1);
    return {
      ms,
      ...(matches.length === 0 ? {} : { at: Number(matches[0].id) }),
      isUnknown: matches.length === 0 && isPersonal(personal),
      nearest: { at: Number(nearest.entry.id), closeness: nearest.closeness },
    };
  }
}
