// The lines typed into the chat, kept in <home>/chat-history from one session to the next. A history that cannot be read or
// written is no reason to fail. Not here: what was answered.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines that are kept. */
export const HISTORY_LINES = 1000;

export interface History {
  /** Newest first, as readline wants them. */
  lines: string[];
  add(line: string): void;
}

export function openHistory(home: string): History {
  const path = join(home, 'chat-history');
  const stored = read(path);
  const kept = stored.slice(-HISTORY_LINES);
  // Rewritten only now and then: a line is appended, which two chats can do at once.
  if (stored.length > 2 * HISTORY_LINES)
    attempt(() => {
      writeFileSync(path, `${kept.join('\n')}\n`, { mode: 0o600 });
    });
  return {
    lines: kept.reverse(),
    add: (line) => {
      if (line.trim() === '') return;
      attempt(() => {
        // For the user's eyes only: people type into a chat what they would not into a shell.
        appendFileSync(path, `${line}\n`, { mode: 0o600 });
      });
    },
  };
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // see above
  }
}
