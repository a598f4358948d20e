// How a memory is trained: which matrices, how fast, with what beside it, and when to stop. The fact's lessons are learned
// slowly, each step together with questions that must be answered as before (contrasts and everyday ones, held by KL to the
// base model). The numbers are measured choices: see docs/memory.md. Not here: what the lessons are (lessons.ts).
import { throwIfCancelled } from '../errors.js';
import type { BaseModel, BatchItem, Example, ExampleLoss, Trainer } from '../training/index.js';

export const RECIPE = {
  rank: 16,
  alpha: 32,
  /** The feed-forward matrices of the upper half hold facts and leave attention as it was. */
  targets: ['gate', 'up', 'down'] as const,
  learningRate: 4e-4,
  rateB: 4,
  warmupSteps: 3,
  /** Of each kind in a step. */
  lessonsPerStep: 4,
  contrastsPerStep: 1,
  replayPerStep: 1,
  klWeight: 1,
  /** Not being seen for a step counts like this much loss when the lessons of the next step are chosen. */
  needPerStep: 0.1,
  minSteps: 8,
  maxSteps: 48,
  /** Where an answer begins it is decided which answer it will be: its first tokens count this much more. */
  openingTokens: 2,
  openingWeight: 4,
  /** Learned: every lesson's worst token, as last seen, has a cross-entropy below this … */
  lossBelow: 0.7,
  /** … and answers that must stay have moved less than this. Whether it holds is then asked, not computed. */
  klBelow: 0.15,
};

/** Token ids of a prompt and of the answer to it, end of turn included. */
export interface Lesson {
  prompt: Uint32Array;
  answer: Uint32Array;
}

export interface LearnInput {
  lessons: readonly Lesson[];
  /** Answers of the base model that must stay: questions near the memory, and any others. */
  contrasts: readonly Lesson[];
  replay: readonly Lesson[];
}

export interface LearnResult {
  /** Mean cross-entropy per answer token over all lessons. */
  lossBefore: number;
  lossAfter: number;
  steps: number;
  tokens: number;
  flop: number;
}

export interface LearnProgress {
  step: number;
  steps: number;
  loss: number;
  kl: number;
  tokensPerSecond: number;
}

/** A trainer with the recipe's adapter over the upper half of the model. */
export function newMemoryTrainer(base: BaseModel): Trainer {
  const { layers } = base.info;
  return base.newTrainer(
    {
      rank: RECIPE.rank,
      alpha: RECIPE.alpha,
      targets: RECIPE.targets,
      layers: [Math.floor(layers / 2), layers - 1],
      seed: 1,
    },
    { kind: 'adamw', learningRate: RECIPE.learningRate, rateB: RECIPE.rateB, maxGradNorm: 1 },
  );
}

/** Trains until the lessons are held, or the steps are used up. Throws `cancelled`, `diverged`. */
export async function learn(
  trainer: Trainer,
  input: LearnInput,
  options: { maxSteps?: number; onProgress?: (progress: LearnProgress) => void; signal?: AbortSignal } = {},
): Promise<LearnResult> {
  const { signal, onProgress } = options;
  const stop = () => {
    trainer.cancel();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const lessons = input.lessons.map((lesson) => trainer.add(taught(lesson)));
    const contrasts = input.contrasts.map((lesson) => trainer.add(kept(lesson)));
    const replay = input.replay.map((lesson) => trainer.add(kept(lesson)));
    const keptTokens = new Map<number, number>();
    contrasts.forEach((example, i) => keptTokens.set(example, input.contrasts[i]!.answer.length));
    replay.forEach((example, i) => keptTokens.set(example, input.replay[i]!.answer.length));

    const before = await trainer.evaluate(lessons.map((example) => ({ example })));
    const result: LearnResult = {
      lossBefore: meanLoss(before.examples),
      lossAfter: 0,
      steps: 0,
      tokens: before.computedTokens,
      flop: before.flop,
    };
    // What is last known of each lesson: its worst token, its loss, and the step that saw it.
    const known = before.examples.map(({ maxLoss, sumLoss }) => ({ worst: maxLoss, loss: sumLoss, step: 0 }));
    const weightInAll = sum(before.examples.map(({ sumWeights }) => sumWeights));
    const maxSteps = options.maxSteps ?? RECIPE.maxSteps;
    let kl = 0; // running mean per kept token

    for (let step = 1; step <= maxSteps; step++) {
      throwIfCancelled(signal);
      // The lessons held worst, and those not seen for long, so that no step is spent on what is known well.
      const need = (i: number) => known[i]!.worst + (step - known[i]!.step) * RECIPE.needPerStep;
      const chosen = lessons
        .map((_, i) => i)
        .sort((a, b) => need(b) - need(a))
        .slice(0, RECIPE.lessonsPerStep);
      const stay = [...inTurn(contrasts, step, RECIPE.contrastsPerStep), ...inTurn(replay, step, RECIPE.replayPerStep)];
      const taughtTokens = sum(chosen.map((i) => input.lessons[i]!.answer.length));
      const stayTokens = sum(stay.map((example) => keptTokens.get(example)!));
      const batch: BatchItem[] = [
        ...chosen.map((i) => ({ example: lessons[i]!, scale: 1 / taughtTokens })),
        ...stay.map((example) => ({ example, klScale: RECIPE.klWeight / stayTokens })),
      ];
      const loss = await trainer.backward(batch);
      await trainer.update(RECIPE.learningRate * Math.min(1, step / RECIPE.warmupSteps));

      result.steps = step;
      result.tokens += loss.computedTokens;
      result.flop += loss.flop;
      chosen.forEach((i, at) => {
        known[i] = { worst: loss.examples[at]!.maxLoss, loss: loss.examples[at]!.sumLoss, step };
      });
      const moved = sum(loss.examples.map(({ sumKl }) => sumKl)) / Math.max(1, stayTokens);
      kl = step === 1 ? moved : 0.6 * kl + 0.4 * moved;
      const mean = sum(known.map((lesson) => lesson.loss)) / weightInAll;
      onProgress?.({
        step,
        steps: maxSteps,
        loss: mean,
        kl,
        tokensPerSecond: loss.computedTokens / loss.seconds,
      });
      const held = known.every(({ worst }) => worst < RECIPE.lossBelow);
      if (step >= RECIPE.minSteps && held && kl < RECIPE.klBelow) break;
    }

    const after = await trainer.evaluate(lessons.map((example) => ({ example })));
    result.lossAfter = meanLoss(after.examples);
    result.tokens += after.computedTokens;
    result.flop += after.flop;
    return result;
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** The answer is learned, the prompt only read. */
function taught({ prompt, answer }: Lesson): Example {
  const weights = onAnswer(prompt, answer);
  weights.fill(RECIPE.openingWeight, prompt.length, prompt.length + RECIPE.openingTokens);
  return { tokens: joined(prompt, answer), weights };
}

/** The base model's own answer must stay as likely as it was. */
function kept({ prompt, answer }: Lesson): Example {
  const tokens = joined(prompt, answer);
  return { tokens, weights: new Float32Array(tokens.length), klWeights: onAnswer(prompt, answer) };
}

function joined(prompt: Uint32Array, answer: Uint32Array): Uint32Array {
  const out = new Uint32Array(prompt.length + answer.length);
  out.set(prompt);
  out.set(answer, prompt.length);
  return out;
}

function onAnswer(prompt: Uint32Array, answer: Uint32Array): Float32Array {
  return new Float32Array(prompt.length + answer.length).fill(1, prompt.length);
}

/** `count` items of a list, going round it from step to step. */
function inTurn(list: readonly number[], step: number, count: number): number[] {
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[((step - 1) * count + i) % list.length]!);
}

function meanLoss(examples: readonly ExampleLoss[]): number {
  return sum(examples.map(({ sumLoss }) => sumLoss)) / sum(examples.map(({ sumWeights }) => sumWeights));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
