// Lessons, as the rest of memory sees them.
export { withModelLessons } from './by-model.js';
export { memoriesOfFile } from './file.js';
export { checkInput } from './input.js';
export { lessonsFor, textOf } from './make.js';
export { memoriesOf } from './split.js';
export type { Lesson, Lessons } from './types.js';
