// Conversation, as the rest of the code sees it.
export * from './chats.js';
export * from './transcript.js';
export * from './memories/index.js';
