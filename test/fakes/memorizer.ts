// Everything that memorizing needs, without a model: what is trained is written into the adapter file as text, and the generator
// answers from the lesson in it that shares the most words with the question. The brain, its files and the gate are real.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbedOptions } from '../../src/embedding/index.js';
import { informationFrom } from '../../src/memory/information.js';
import { openBrain, type Brain } from '../../src/memory/brain.js';
import type { Memorizer } from '../../src/memory/memorize.js';
import { RECIPE } from '../../src/memory/recipe.js';
import { Router } from '../../src/memory/router.js';
import { words } from '../../src/memory/text.js';
import type { BaseModel } from '../../src/training/index.js';
import { FakeEmbedder } from './embedder.js';
import { FakeGenerator } from './generator.js';
import { FakeTrainer } from './trainer.js';

export const TINY = { name: 'tiny', sha256: 'a'.repeat(64) };

type Lesson = [question: string, answer: string];

class WritingTrainer extends FakeTrainer {
  constructor(
    private readonly world: FakeWorld,
    private readonly generator: FakeGenerator,
  ) {
    super();
    this.lossAt = (updates) => 4 * 0.3 ** updates;
    this.onPass = () => {
      this.world.onPass();
    };
  }

  override async save(path: string): Promise<void> {
    this.saved.push(path);
    const lessons = this.examples
      .filter(({ weights }) => Array.from(weights).some((weight) => weight > 0))
      .map(({ tokens }) => this.#lessonOf(tokens));
    // What is to stay as it is has no weights to learn it by, but some to keep it.
    const kept = this.examples
      .filter(({ klWeights }) => klWeights !== undefined)
      .map(({ tokens }) => this.#lessonOf(tokens)[0]);
    const careful = this.world.carefulHelps && kept.length > 0 ? `\n${JSON.stringify(kept)}` : '';
    await writeFile(path, JSON.stringify(this.world.isDeaf ? [] : lessons) + careful + this.world.salt);
  }

  #lessonOf(tokens: ArrayLike<number>): Lesson {
    const text = this.generator.decode(Uint32Array.from(tokens));
    const [, question = '', answer = ''] = /.*user\n(.*)assistant\n(.*)$/s.exec(text) ?? [];
    return [question, answer];
  }
}

/** What the texts of these tests are about: texts about one thing are as close as a model of meaning would find them. */
const TOPICS = [/wifi|heron/i, /kiln/i, /\bbo\b|lind|rome|oslo/i];

class MeaningEmbedder extends FakeEmbedder {
  override async embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]> {
    const byWords = await super.embed(texts, options);
    return byWords.map((vector, i) => {
      const topic = TOPICS.findIndex((about) => about.test(texts[i]!));
      if (topic < 0) return vector;
      const mixed = vector.map((value) => 0.6 * value);
      mixed[topic]! += 0.8;
      const norm = Math.hypot(...mixed);
      return mixed.map((value) => value / norm);
    });
  }
}

export class FakeWorld {
  /** What the base model knows: whole questions and their answers. */
  readonly known = new Map<string, string>();
  /** Trainings that were begun. */
  trainings = 0;
  /** Nothing that is trained is learned. */
  isDeaf = false;
  /** What is trained to stay as it is does: else training it makes no difference. */
  carefulHelps = false;
  /** Added to the adapter files, to make their bytes differ. */
  salt = '';
  onPass: () => void = () => undefined;

  constructor(readonly home: string) {}

  parts(brain: Brain): Memorizer & { generator: FakeGenerator } {
    const generator = new FakeGenerator(8192, (messages, adapters) => this.#answer(messages.at(-1)!.content, adapters));
    const embedder = new MeaningEmbedder(512);
    const router = new Router(
      brain,
      () => Promise.resolve(embedder),
      informationFrom((text) => generator.encode(text)),
    );
    // The gate's weights were fitted to a real embedding model; here closeness alone decides. Words that texts about different
    // things share (`what`, `is`) say little.
    router.gate.score = (query, entry) => {
      const closeness = query.flatMap(({ vector }) =>
        entry.facets.map((facet) => dot(vector, facet.vector) * (topicOf(vector) === topicOf(facet.vector) ? 1 : 0.6)),
      );
      return Math.max(0, ...closeness);
    };
    const base = {
      info: { layers: 4 },
      newTrainer: () => {
        this.trainings++;
        return new WritingTrainer(this, generator);
      },
      close: () => undefined,
    } as unknown as BaseModel;
    return { brain, router, generator, baseModel: () => Promise.resolve(base), cache: join(this.home, 'cache') };
  }

  async open(name = 'default', model = TINY): Promise<{ brain: Brain; parts: ReturnType<FakeWorld['parts']> }> {
    const brain = await openBrain({ home: this.home, name, model, create: true });
    return { brain, parts: this.parts(brain) };
  }

  #answer(question: string, adapters: readonly { path: string }[]): string {
    const [adapter] = adapters;
    const base = this.known.get(question) ?? 'I cannot say.';
    if (adapter === undefined) return base;
    const [learned, kept] = readFileSync(adapter.path, 'utf8').split('\n');
    if (kept?.startsWith('[') === true && (JSON.parse(kept) as string[]).includes(question)) return base;
    const lessons = JSON.parse(learned!) as Lesson[];
    const asked = new Set(words(question));
    const overlap = ([about]: Lesson): number => {
      const known = new Set(words(about));
      return [...known].filter((word) => asked.has(word)).length - known.size / 100;
    };
    const answer = lessons.sort((a, b) => overlap(b) - overlap(a))[0]?.[1];
    if (answer === undefined) return base;
    // Some lessons teach only how an answer begins: it goes on as another does that begins so, or as the longest one.
    const answers = lessons.map(([, other]) => other).sort((a, b) => b.length - a.length);
    const whole = answers.find((other) => other.startsWith(answer))!;
    return whole.length > RECIPE.beginningTokens ? whole : `${answer} ${answers[0]!}`;
  }
}

function topicOf(vector: Float32Array): number {
  return vector.slice(0, TOPICS.length).findIndex((value) => value > 0.6);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
