// Learning, as the rest of the code sees it.
export * from './asking.js';
export * from './attempt.js';
export * from './base-answers.js';
export * from './batch.js';
export * from './changes.js';
export * from './memorize.js';
export * from './move.js';
export * from './passage-sleep.js';
export * from './proof.js';
export * from './rebuild.js';
export * from './recipe.js';
export * from './remembered.js';
export * from './replay.js';
export * from './sleep.js';
export * from './undo.js';
export * from './work.js';
export * from './lessons/index.js';
