// The matrices of a layer that LoRA can adapt, in the order in which everything lists them.
import type { TargetModule } from './types.js';

export const TARGETS: readonly TargetModule[] = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
