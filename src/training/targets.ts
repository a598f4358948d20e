// The matrices of a layer that LoRA can adapt, in the order in which everything lists them.
export { TARGETS } from '../options/index.js';
