// What other dialects share with OpenAI's. Not here: its routes.
export * from './embeddings.js';
export * from './files.js';
export * from './messages.js';
export * from './models.js';
export * from './sampling.js';
