// The gate, as the rest of the code sees it.
export * from './candidates.js';
export * from './explain.js';
export * from './grounds.js';
export * from './judge-file.js';
export * from './judge-prompt.js';
export * from './judge.js';
export * from './recall.js';
export * from './router.js';
