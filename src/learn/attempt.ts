// One try to learn a memory: examined, trained, examined again, judged. What comes of it is an adapter file and a receipt.
// Not here: the questions (examination.ts), the lessons (lessons/), the training (recipe.ts), committing it or not (memorize.ts).
import { performance } from 'node:perf_hooks';
import type { Probe, Receipt } from '../brain/index.js';
import { EngramError } from '../errors.js';
import { requireSpace } from '../files.js';
import type { Candidate } from '../gate/index.js';
import type { Generator } from '../inference/index.js';
import type { Trainer } from '../training/index.js';
import type { AttemptOptions, Attempted, Memorizer, Place } from './attempt-parts.js';
import { Examination } from './examination.js';
import type { Lessons } from './lessons/index.js';
import { receiptOf, type Training } from './receipt.js';
import { learn, newMemoryTrainer, RECIPE, type TokenLesson } from './recipe.js';

/** Trained again at most this often when its examination does not hold, each time until it is held more surely. */
const ROUNDS = 3;

export class Attempt {
  readonly #started = performance.now();

  constructor(
    private readonly parts: Memorizer,
    private readonly lessons: Lessons,
    private readonly options: AttemptOptions,
    private readonly place: Place,
  ) {}

  async run(): Promise<Attempted> {
    const { parts, options, lessons, place } = this;
    await requireSpace(place.path, 0, 'the memory'); // an adapter is a few megabytes
    options.onProgress?.({ phase: 'lessons', lessons: lessons.lessons.length });
    if (!this.#isRead(lessons.text)) {
      const reason = 'Rolled back: this model spells such letters in bytes and does not read them.';
      return { receipt: this.#receipt([], { reason }), data: {} };
    }
    const examination = await Examination.begin(parts, lessons, options, place);
    const data = {
      questions: examination.questions,
      ...(lessons.triple === undefined ? {} : { triple: lessons.triple }),
      ...(place.careful === true ? { careful: true } : {}),
    };
    if (!place.always && examination.isKnown()) return { receipt: this.#known(examination), data };
    const trainer = newMemoryTrainer(await parts.baseModel());
    try {
      return { receipt: await this.#learned(trainer, examination), data };
    } finally {
      trainer.close();
    }
  }

  /** Trains until the examination holds, or more training gains nothing. */
  async #learned(trainer: Trainer, examination: Examination): Promise<Receipt> {
    const { parts, options, place } = this;
    const tokens = this.#tokens();
    const lossBelow = RECIPE.lossBelow / (place.careful === true ? 2 : 1);
    const entry = await parts.router.entry(place.id, this.lessons, options.signal);
    const candidate: Candidate = { entry, adapterPath: place.path };
    const total = { steps: 0, tokens: 0, flop: 0, loss: { before: 0, after: 0 } };
    for (let round = 1; ; round++) {
      const result = await learn(trainer, tokens, {
        maxSteps: round === 1 ? RECIPE.maxSteps : Math.ceil(RECIPE.maxSteps / 3),
        lossBelow: lossBelow / 2 ** (round - 1),
        onProgress: (progress) =>
          options.onProgress?.({ phase: 'train', ...progress, step: total.steps + progress.step }),
        signal: options.signal,
      });
      total.steps += result.steps;
      total.tokens += result.tokens;
      total.flop += result.flop;
      if (round === 1) total.loss.before = result.lossBefore;
      total.loss.after = result.lossAfter;
      await parts.generator.releaseAdapter(place.path);
      await trainer.save(place.path);
      await examination.after(candidate);
      const receipt = this.#receipt(examination.probes, total, examination.whyNot());
      if (receipt.committed || round === ROUNDS || !examination.canGain()) return receipt;
    }
  }

  /** Nothing is trained: what is answered right already needs no memory. */
  #known({ probes, knownBy: by }: Examination): Receipt {
    const knownBy = [...by];
    const asked = probes.filter(({ kind, before }) => kind === 'unrelated' || before !== undefined);
    const who = knownBy.length === 0 ? 'The model' : whoRemembers(knownBy);
    const reason = `${who} answers this already, so there is nothing to train.`;
    return { ...this.#receipt(asked, { reason }), knownBy };
  }

  /** A vocabulary that has to spell a text in bytes was not trained on its script. */
  #isRead(text: string): boolean {
    return this.parts.generator.encode(text).length <= Array.from(text).length;
  }

  /** The lessons as token ids. */
  #tokens(): TokenLesson[] {
    const { generator } = this.parts;
    return this.lessons.lessons.map(({ question, answer, full }) => ({
      ...prompt(generator, question),
      full,
      answer: Uint32Array.from([...generator.encode(answer), generator.special.endOfTurn]),
    }));
  }

  #receipt(probes: Probe[], training: Training, whyNot?: string): Receipt {
    return receiptOf(this.place.id, probes, training, (performance.now() - this.#started) / 1000, whyNot);
  }
}

/** Names the memories that answer something, for a reason. */
export function whoRemembers(ids: readonly string[]): string {
  return `What is remembered (${ids.join(', ')})`;
}

function prompt(generator: Generator, question: string): Pick<TokenLesson, 'prompt' | 'answerStart'> {
  const messages = [{ role: 'user' as const, content: question }];
  const tokens = generator.encodeChat(messages);
  if (tokens.length > generator.contextSize / 2) {
    throw new EngramError(
      'too_long',
      'This is too long to be asked about: a question must fit into half of the context.',
      {
        details: { tokens: tokens.length, contextSize: generator.contextSize },
      },
    );
  }
  return { prompt: tokens, answerStart: generator.answerStart(messages) };
}
