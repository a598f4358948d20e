// The tables of options, as the rest of the code sees them.
export * from './kinds.js';
export * from './option.js';
export * from './sampling.js';
export * from './settings.js';
export * from './training.js';
