// What people read, as the rest of the command line sees it.
export * from './answers.js';
export * from './figures.js';
export * from './memories.js';
export * from './training.js';
