// LoRA and optimizer options: defaults and checks, in one place. What each means is said in types.ts.
import { checkKeys } from '../config.js';
import { EngramError } from '../errors.js';
import { checkNumber, checkOneOf, checkPositive, checkShare, checkWhole, refuse } from './checks.js';
import type { NativeLora } from './native.js';
import type { LoraOptions, OptimizerOptions, TargetModule } from './types.js';

export const TARGETS: readonly TargetModule[] = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];

export const DEFAULT_OPTIMIZER: Required<OptimizerOptions> = {
  kind: 'adamw',
  learningRate: 2e-4,
  rateB: 1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  momentum: 0,
  maxGradNorm: 1,
};

const LORA_KEYS: readonly (keyof LoraOptions)[] = ['rank', 'alpha', 'targets', 'layers', 'dropout', 'seed'];

/** Fills in the defaults and makes the layers absolute. Throws `usage`. */
export function resolveLora(options: LoraOptions, modelLayers: number): NativeLora {
  checkKeys(options, LORA_KEYS);
  const rank = checkWhole('rank', options.rank ?? 8, 1, 1024);
  const [firstLayer, lastLayer] = resolveLayers(options.layers ?? [0, -1], modelLayers);
  return {
    rank,
    alpha: checkPositive('alpha', options.alpha ?? 2 * rank),
    targets: resolveTargets(options.targets ?? TARGETS),
    firstLayer,
    lastLayer,
    dropout: checkShare('dropout', options.dropout ?? 0),
    seed: checkWhole('seed', options.seed ?? 0, 0),
  };
}

function resolveTargets(targets: readonly TargetModule[]): TargetModule[] {
  if (!Array.isArray(targets) || targets.length === 0) refuse('targets', `some of ${TARGETS.join(', ')}`, targets);
  for (const target of targets) checkOneOf('targets', target, TARGETS);
  return TARGETS.filter((target) => targets.includes(target));
}

function resolveLayers(layers: readonly [number, number], count: number): [number, number] {
  const [first, last] = layers.map((layer) => {
    const index = checkWhole('layers', layer, -count, count - 1);
    return index < 0 ? count + index : index;
  });
  if (first === undefined || last === undefined || first > last) {
    throw new EngramError(
      'usage',
      `Expected the first and last of ${count} layers but received [${layers.join(', ')}].`,
    );
  }
  return [first, last];
}

/** Fills in the defaults. Throws `usage`. */
export function resolveOptimizer(options: OptimizerOptions): Required<OptimizerOptions> {
  checkKeys(options, Object.keys(DEFAULT_OPTIMIZER));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...DEFAULT_OPTIMIZER, ...given } as Required<OptimizerOptions>;
  checkOneOf('kind', all.kind, ['adamw', 'adam', 'sgd']);
  checkPositive('learningRate', all.learningRate);
  checkPositive('rateB', all.rateB);
  checkShare('beta1', all.beta1);
  checkShare('beta2', all.beta2);
  checkPositive('epsilon', all.epsilon);
  checkNumber('weightDecay', all.weightDecay);
  checkShare('momentum', all.momentum);
  checkNumber('maxGradNorm', all.maxGradNorm);
  return all;
}
