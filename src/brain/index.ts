// Brain, as the rest of the code sees it.
export * from './adapter-files.js';
export * from './archive-manifest.js';
export * from './archive-options.js';
export * from './archive-read.js';
export * from './archive-write.js';
export * from './brain-names.js';
export * from './brain-writer.js';
export * from './brain.js';
export * from './events.js';
export * from './find.js';
export * from './ledger.js';
export * from './log.js';
export * from './shared-log.js';
export * from './parse-event.js';
export * from './text.js';
export * from './types.js';
