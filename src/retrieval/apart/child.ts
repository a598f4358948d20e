// The process that reads files: one after another, as it is asked by messages, watched by a thread of its own that nothing a reader
// does can stop. It holds no brain and writes no file, so that it can be killed at any moment. Not here: who asks it.
import { readDocument } from './read-document.js';
import type { Reply, Request } from './messages.js';
import { SkipError } from '../readers/index.js';
import { startWatchdog } from './watchdog.js';

/** Passages in a message. */
const BATCH = 500;

const watchdog = startWatchdog(Number(process.argv[2]));

const say = (reply: Reply): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(reply, undefined, {}, () => {
      resolve();
    });
  });

process.on('message', ({ bytes, path, options, mostMs }: Request) => {
  watchdog.begin(mostMs);
  void answer(bytes, path, options).finally(() => {
    watchdog.end();
  });
});
// Ctrl-C reaches all processes of a terminal; the one that asked decides what it means.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => {
  process.exit();
});
void say({ kind: 'ready' });

async function answer(bytes: Uint8Array, path: string, options: Request['options']): Promise<void> {
  try {
    const { chunks, ...document } = await readDocument(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      path,
      options,
    );
    for (let i = 0; i < chunks.length; i += BATCH) await say({ kind: 'chunks', chunks: chunks.slice(i, i + BATCH) });
    await say({ kind: 'done', document, rssBytes: process.memoryUsage.rss() });
  } catch (error) {
    const code = error instanceof SkipError ? error.code : 'crashed';
    const message = error instanceof Error ? error.message : String(error);
    await say({ kind: 'skipped', code, message, rssBytes: process.memoryUsage.rss() });
  }
}
