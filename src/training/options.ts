// LoRA and optimizer options: defaults and checks, checked for one model. What each means, and its default: options/training.ts.
import { checkKeys } from '../config.js';
import { EngramError, wrongOption } from '../errors.js';
import { fallbackOf, TRAINING } from '../options/index.js';
import { checkNumber, checkOneOf, checkPositive, checkShare, checkWhole, refuse } from './checks.js';
import type { NativeLora } from './native.js';
import { ranksOf } from './rank-pattern.js';
import { TARGETS } from './targets.js';
import type { LoraKind, LoraOptions, OptimizerOptions, TargetModule } from './types.js';

export const DEFAULT_OPTIMIZER: Required<OptimizerOptions> = {
  kind: fallbackOf(TRAINING.optimizer),
  learningRate: fallbackOf(TRAINING.learningRate),
  rateB: fallbackOf(TRAINING.rateB),
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: fallbackOf(TRAINING.weightDecay),
  momentum: 0,
  maxGradNorm: fallbackOf(TRAINING.maxGradNorm),
};

const LORA_KEYS: readonly (keyof LoraOptions)[] = [
  'kind',
  'rank',
  'rankPattern',
  'alpha',
  'targets',
  'layers',
  'dropout',
  'seed',
];
const KINDS: readonly LoraKind[] = ['lora', 'rslora'];

/** Fills in the defaults and makes the layers absolute. Throws `usage`. */
export function resolveLora(options: LoraOptions, modelLayers: number): NativeLora {
  checkKeys(options, LORA_KEYS);
  const rank = checkWhole('rank', options.rank ?? fallbackOf(TRAINING.rank), 1, 1024);
  const [firstLayer, lastLayer] = resolveLayers(options.layers ?? [0, -1], modelLayers);
  const targets = resolveTargets(options.targets ?? TARGETS);
  const rankStabilized = checkKind(options.kind ?? fallbackOf(TRAINING.kind)) === 'rslora';
  // Both scale rank 8 by 2; rsLoRA then scales larger ranks less and smaller ones more.
  const alpha = options.alpha ?? 2 * (rankStabilized ? Math.sqrt(8) : rank);
  return {
    rank,
    alpha: checkPositive('alpha', alpha),
    rankStabilized,
    ranks: ranksOf(options.rankPattern ?? {}, { rank, targets, firstLayer, lastLayer }),
    targets,
    firstLayer,
    lastLayer,
    dropout: checkShare('dropout', options.dropout ?? fallbackOf(TRAINING.dropout)),
    seed: checkWhole('seed', options.seed ?? fallbackOf(TRAINING.seed), 0),
  };
}

function checkKind(kind: unknown): LoraKind {
  if (kind === 'dora') {
    throw new EngramError('unsupported', 'llama.cpp cannot run DoRA adapters, so engram does not train them.', {
      hint: 'Its magnitudes have no place in an adapter of llama.cpp. Use lora or rslora.',
    });
  }
  return checkOneOf('kind', kind, KINDS);
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
    throw wrongOption('layers', `the first and last of ${count} layers`, layers.join(':'));
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
