// Ranks that differ from matrix to matrix, as a user writes them: {"v": 16, "10-29.down": 4, "0-3.*": 0}. Not here: choosing
// them by what the loss needs (spread-ranks.ts).
import { EngramError } from '../errors.js';
import type { Training } from '../options/index.js';
import { checkWhole } from './checks.js';
import { TARGETS } from './targets.js';
import type { TargetModule } from './types.js';

/** See options/training.ts. */
export type RankPattern = NonNullable<Training['rankPattern']>;

export interface MatrixRank {
  layer: number;
  target: TargetModule;
  rank: number;
}

/** The matrices whose rank is not `rank`. Throws `usage` for a pattern that cannot be read or names nothing that is adapted. */
export function ranksOf(
  pattern: RankPattern,
  adapted: { rank: number; targets: readonly TargetModule[]; firstLayer: number; lastLayer: number },
): MatrixRank[] {
  const { targets, firstLayer, lastLayer } = adapted;
  const ranks = new Map<string, MatrixRank>();
  for (const [key, value] of Object.entries(pattern)) {
    const rank = checkWhole(`rankPattern["${key}"]`, value, 0, 1024);
    const { first, last, named } = parseKey(key, lastLayer);
    let found = 0;
    for (let layer = Math.max(first, firstLayer); layer <= Math.min(last, lastLayer); layer++) {
      for (const target of targets.filter((one) => named === '*' || named === one)) {
        ranks.set(`${layer}.${target}`, { layer, target, rank });
        found++;
      }
    }
    if (found === 0) {
      throw new EngramError('usage', `The rank pattern "${key}" names nothing that is adapted.`, {
        hint: `Adapted are ${targets.join(', ')} of the layers ${firstLayer} to ${lastLayer}.`,
      });
    }
  }
  return [...ranks.values()].filter(({ rank }) => rank !== adapted.rank);
}

function parseKey(key: string, lastLayer: number): { first: number; last: number; named: TargetModule | '*' } {
  const match = /^(?:(\d+)(?:-(\d+))?\.)?(\w+|\*)$/.exec(key);
  const named = [...TARGETS, '*' as const].find((target) => target === match?.[3]);
  if (match === null || named === undefined) {
    throw new EngramError('usage', `Expected a target, or layers and a target, but received "${key}".`, {
      hint: `For example v, 3.v, 10-29.down or 0-3.*; targets are ${TARGETS.join(', ')}.`,
    });
  }
  if (match[1] === undefined) return { first: 0, last: lastLayer, named };
  return { first: Number(match[1]), last: Number(match[2] ?? match[1]), named };
}
