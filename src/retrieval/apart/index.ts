// Reading files apart from the process that holds the brain, as the rest of the code sees it.
export { readHere } from './read-document.js';
export { ReaderProcess } from './reader-process.js';
export type { DocumentReader, ReadDocument, ReadLimits, ReadOptions } from './types.js';
export { readTextApart } from './read-text.js';
