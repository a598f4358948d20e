// Everything that memorizing needs, without a model: what is trained is written into the adapter file as text, and the generator
// says it, whatever it is asked. The brain, its files and the router are real.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBrain, type Brain } from '../../src/brain/index.js';
import { Router } from '../../src/gate/index.js';
import { RECIPE, type Memorizer } from '../../src/learn/index.js';
import type { BaseModel } from '../../src/training/index.js';
import { FakeEmbedder } from './embedder.js';
import { FakeGenerator } from './generator.js';
import { FakeJudge } from './judge.js';
import { FakeTrainer } from './trainer.js';

export const TINY = { name: 'tiny', sha256: 'a'.repeat(64) };

interface Learned {
  answer: string;
  /** It was trained until it was held more surely. */
  isSure: boolean;
}

class WritingTrainer extends FakeTrainer {
  constructor(
    private readonly world: FakeWorld,
    private readonly generator: FakeGenerator,
  ) {
    super();
    this.lossAt = lossAt;
    this.onPass = () => {
      this.world.onPass();
    };
  }

  override async save(path: string): Promise<void> {
    this.saved.push(path);
    this.world.saves++;
    const answers = this.examples.map(({ tokens }) => this.#answerOf(tokens)).sort((a, b) => b.length - a.length);
    const answer = this.world.isDeaf ? '' : this.world.slip(answers[0]!);
    const learned: Learned = { answer, isSure: this.rates.length >= 20 };
    await writeFile(path, JSON.stringify(learned) + this.world.salt);
  }

  #answerOf(tokens: ArrayLike<number>): string {
    const text = this.generator.decode(Uint32Array.from(tokens));
    return /.*assistant\n(.*)$/s.exec(text)?.[1] ?? '';
  }
}

/** Held soon, and more surely only after many steps. */
function lossAt(updates: number): number {
  return updates < 2 ? 4 : RECIPE.lossBelow * (updates < 20 ? 0.8 : 0.2);
}

export class FakeWorld {
  /** What the base model knows: whole questions and their answers. */
  readonly known = new Map<string, string>();
  /** What the router asks. */
  judge = new FakeJudge();
  /** Trainings that were begun, and adapters that were written. */
  trainings = 0;
  saves = 0;
  /** Nothing that is trained is learned. */
  isDeaf = false;
  /** Learned is this of what was trained. */
  slip: (answer: string) => string = (answer) => answer;
  /** Questions to which a memory does not say what it learned, unless it was trained until it was held more surely. */
  isHard: (question: string) => boolean = () => false;
  /** That is of use. */
  carefulHelps = false;
  /** Added to the adapter files, to make their bytes differ. */
  salt = '';
  onPass: () => void = () => undefined;

  constructor(readonly home: string) {}

  parts(brain: Brain): Memorizer & { generator: FakeGenerator; embedder: FakeEmbedder } {
    const generator = new FakeGenerator(8192, (messages, adapters) => this.#answer(messages.at(-1)!.content, adapters));
    const embedder = new FakeEmbedder(512);
    const router = new Router(
      brain,
      () => Promise.resolve(embedder),
      () => Promise.resolve(this.judge),
    );
    const base = {
      info: { layers: 4 },
      newTrainer: () => {
        this.trainings++;
        return new WritingTrainer(this, generator);
      },
      close: () => undefined,
    } as unknown as BaseModel;
    const cache = join(this.home, 'cache');
    return { brain, router, generator, embedder, baseModel: () => Promise.resolve(base), cache };
  }

  async open(name = 'default', model = TINY): Promise<{ brain: Brain; parts: ReturnType<FakeWorld['parts']> }> {
    const brain = await openBrain({ home: this.home, name, model, create: true });
    return { brain, parts: this.parts(brain) };
  }

  #answer(question: string, adapters: readonly { path: string }[]): string {
    const [adapter] = adapters;
    const base = this.known.get(question) ?? 'I cannot say.';
    if (adapter === undefined) return base;
    const { answer, isSure } = JSON.parse(readFileSync(adapter.path, 'utf8').split('\n')[0]!) as Learned;
    if (answer === '') return base;
    return this.isHard(question) && !(isSure && this.carefulHelps) ? 'It is hard to say.' : answer;
  }
}
