// What other ways in share with engram's own routes. Not here: the routes.
export * from './schemas.js';
export * from './service.js';
