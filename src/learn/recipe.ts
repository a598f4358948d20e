// How a memory is trained: which matrices, how fast, on what, and when to stop. The adapter works from the assistant's turn
// on: the base model reads the questions, once, and only answers are computed at every step. What must not change is the gate's
// business. The numbers are measured choices: see docs/memory.md. Not here: what the lessons are (lessons/).
import { throwIfCancelled } from '../errors.js';
import type { BaseModel, Example, TargetModule, Trainer } from '../training/index.js';

export const RECIPE = {
  rank: 8,
  alpha: 16,
  /** The feed-forward matrices of the upper layers hold facts and leave attention as it was. */
  targets: ['gate', 'up', 'down'] as readonly TargetModule[],
  /** Where the upper layers begin and end, as shares of all. */
  layers: [0.5, 1],
  learningRate: 2.5e-3,
  rateB: 8,
  /** Below this mean loss of a step the rate falls with it, to this share at least: what is nearly learned is not shaken again. */
  settling: { below: 2, least: 0.25 },
  /** Of lessons in a step, at least one lesson. */
  tokensPerStep: 64,
  /** Not being seen for a step counts like this much loss when the lessons of the next step are chosen. */
  needPerStep: 0.1,
  minSteps: 4,
  maxSteps: 48,
  /** Where an answer begins it is decided which answer it will be: its first tokens count this much more. */
  openingTokens: 2,
  openingWeight: 2,
  /** Of an answer longer than this only so many first tokens are an exercise of their own, and the whole is another: which
   * answer to begin has to be learned for every question, how it goes on mostly once. */
  beginningTokens: 6,
  /** Besides the lessons that are marked as full, one in so many is an exercise as a whole too. */
  wholeEvery: 5,
  /** A kind of exercise is learned when so many, one after the other, were held before they were trained again; those come
   * first that were held worst, and those never seen as if their worst token had this cross-entropy. */
  heldInARow: { beginning: 8, whole: 6 },
  unseen: 3,
  /** Held: its worst token has a cross-entropy below this. Whether it is told is then asked, not computed. */
  lossBelow: 0.05,
};

/** Token ids of a prompt and of the answer to it, end of turn included. */
export interface TokenLesson {
  prompt: Uint32Array;
  /** Tokens of the prompt before the assistant's turn opens, where the adapter begins to work. */
  answerStart: number;
  answer: Uint32Array;
  /** Its answer is trained to its end, however long it is. */
  full?: boolean;
}

export interface LearnResult {
  /** Mean cross-entropy per answer token, of the first step's lessons before it, and of all as last seen. */
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
      layers: [Math.floor(layers * RECIPE.layers[0]!), Math.ceil(layers * RECIPE.layers[1]!) - 1],
      seed: 1,
    },
    { kind: 'adamw', learningRate: RECIPE.learningRate, rateB: RECIPE.rateB, maxGradNorm: 1 },
  );
}

/** Trains until the lessons are held, or the steps are used up. Throws `cancelled`, `diverged`. */
export async function learn(
  trainer: Trainer,
  lessons: readonly TokenLesson[],
  options: {
    /** Default those of the recipe. */
    maxSteps?: number;
    lossBelow?: number;
    onProgress?: (progress: LearnProgress) => void;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<LearnResult> {
  const { signal, onProgress, maxSteps = RECIPE.maxSteps, lossBelow = RECIPE.lossBelow } = options;
  const stop = () => {
    trainer.cancel();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const exercises = exercisesOf(lessons);
    const examples = exercises.map(({ lesson }) => trainer.add(toLearn(lesson)));
    const result: LearnResult = { lossBefore: 0, lossAfter: 0, steps: 0, tokens: 0, flop: 0 };
    // What is last known of each exercise: its worst token, its loss, and the step that saw it.
    const known = exercises.map(() => ({ worst: RECIPE.unseen, loss: 0, weight: 0, step: 0 }));
    const toHold = (part: Exercise['part']) =>
      Math.min(RECIPE.heldInARow[part], exercises.filter((exercise) => exercise.part === part).length);
    const left = { beginning: toHold('beginning'), whole: toHold('whole') }; // to be held in a row

    for (let step = 1; step <= maxSteps; step++) {
      throwIfCancelled(signal);
      const need = (i: number) => known[i]!.worst + (step - known[i]!.step) * RECIPE.needPerStep;
      const open = exercises.map((_, i) => i).filter((i) => left[exercises[i]!.part] > 0);
      const chosen = choose(exercises, open.length > 0 ? open : exercises.map((_, i) => i), need);
      const tokens = sum(chosen.map((i) => exercises[i]!.lesson.answer.length));
      const loss = await trainer.backward(chosen.map((i) => ({ example: examples[i]!, scale: 1 / tokens })));
      await trainer.update(RECIPE.learningRate * settled(lossPerToken(loss.examples)));

      result.steps = step;
      result.tokens += loss.computedTokens;
      result.flop += loss.flop;
      chosen.forEach((i, at) => {
        const { maxLoss, sumLoss, sumWeights } = loss.examples[at]!;
        const { part } = exercises[i]!;
        left[part] = maxLoss < lossBelow ? left[part] - 1 : toHold(part);
        known[i] = { worst: maxLoss, loss: sumLoss, weight: sumWeights, step };
      });
      result.lossAfter = sum(known.map((lesson) => lesson.loss)) / sum(known.map((lesson) => lesson.weight));
      if (step === 1) result.lossBefore = result.lossAfter;
      const tokensPerSecond = loss.computedTokens / loss.seconds;
      onProgress?.({ step, steps: maxSteps, loss: result.lossAfter, tokensPerSecond });
      if (step >= RECIPE.minSteps && left.beginning <= 0 && left.whole <= 0) break;
    }
    return result;
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Of the learning rate. */
function settled(loss: number): number {
  const { below, least } = RECIPE.settling;
  return Math.min(1, Math.max(least, loss / below));
}

function lossPerToken(examples: readonly { sumLoss: number; sumWeights: number }[]): number {
  return sum(examples.map(({ sumLoss }) => sumLoss)) / sum(examples.map(({ sumWeights }) => sumWeights));
}

/** A lesson, or a part of one. */
interface Exercise {
  lesson: TokenLesson;
  part: 'beginning' | 'whole';
}

function exercisesOf(lessons: readonly TokenLesson[]): Exercise[] {
  const { beginningTokens, wholeEvery } = RECIPE;
  let others = 0;
  return lessons.flatMap((lesson): Exercise[] => {
    const { answer } = lesson;
    if (answer.length <= 2 * beginningTokens) return [{ lesson, part: 'beginning' }];
    const beginning = { ...lesson, answer: answer.slice(0, beginningTokens) };
    const isWhole = lesson.full === true || others++ % wholeEvery === 0;
    return [{ lesson: beginning, part: 'beginning' }, ...(isWhole ? [{ lesson, part: 'whole' as const }] : [])];
  });
}

/** Of the open exercises those of a step: those needed most, of the long ones one, as far as there is room. */
function choose(exercises: readonly Exercise[], open: readonly number[], need: (i: number) => number): number[] {
  const chosen: number[] = [];
  let room = RECIPE.tokensPerStep;
  let hasWhole = false;
  for (const i of [...open].sort((a, b) => need(b) - need(a))) {
    const { lesson, part } = exercises[i]!;
    const tokens = lesson.prompt.length - lesson.answerStart + lesson.answer.length;
    if (part === 'whole' ? hasWhole : tokens > room && chosen.length > 0) continue;
    hasWhole ||= part === 'whole';
    chosen.push(i);
    room -= tokens;
  }
  return chosen;
}

/** The answer is learned, the prompt only read. */
function toLearn({ prompt, answerStart, answer }: TokenLesson): Example {
  const begins = prompt.length;
  const weights = new Float32Array(begins + answer.length).fill(1, begins);
  weights.fill(RECIPE.openingWeight, begins, begins + RECIPE.openingTokens);
  const tokens = new Uint32Array(begins + answer.length);
  tokens.set(prompt);
  tokens.set(answer, begins);
  return { tokens, weights, adaptedFrom: answerStart };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
