// Lessons, as the rest of memory sees them.
export { contrastsOf } from './contrast.js';
export { lessonsFor } from './make.js';
export type { Lesson, Lessons } from './types.js';
