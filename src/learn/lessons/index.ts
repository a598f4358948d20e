// Lessons, as the rest of learning sees them.
export { splitFile } from './file.js';
export { checkInput } from './input.js';
export { lessonsFor, textOf, told } from './make.js';
export { memoriesOf, splitSource, type LeftOut as LeftOfSource, type SplitSource } from './split.js';
export type { Lesson, Lessons } from './types.js';
