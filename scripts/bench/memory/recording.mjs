// A trainer that notes what it is told: every example, every step's batch and learning rate, what it lost and how long it took.
// What is noted can be trained again by somebody else.

/**
 * @param {import('../../../dist/training/index.js').Trainer} trainer
 * @returns {{ trainer: object, examples: { tokens: number[], weights: number[], from: number }[],
 *   steps: { rate: number, batch: [number, number][], loss: number, ms: number }[] }} `trainer` has what learn() calls; `batch`:
 *   examples with their scales
 */
export function recording(trainer) {
  const examples = [];
  const steps = [];
  let begun;
  return {
    examples,
    steps,
    trainer: {
      add(example) {
        const { tokens, weights, adaptedFrom = 0 } = example;
        examples.push({ tokens: [...tokens], weights: [...weights], from: adaptedFrom });
        return trainer.add(example);
      },
      async backward(batch) {
        begun = performance.now();
        const result = await trainer.backward(batch);
        const loss = batch.reduce((sum, { scale = 0 }, i) => sum + scale * result.examples[i].sumLoss, 0);
        steps.push({ batch: batch.map(({ example, scale = 0 }) => [example, scale]), loss });
        return result;
      },
      async update(rate) {
        const result = await trainer.update(rate);
        Object.assign(steps.at(-1), { rate, ms: performance.now() - begun });
        return result;
      },
      cancel: () => trainer.cancel(),
    },
  };
}
