// The tools over stdin and stdout, until the one at the other end goes. Not here: the tools (tools.ts), finding a server (the CLI).
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { ownVersion } from '../version.js';
import { mcpServerOf, type MemoryTools } from './tools.js';

export async function serveMcp(
  tools: MemoryTools,
  { brain, signal }: { brain: string; signal: AbortSignal },
): Promise<void> {
  const handle = serveStdio(() => mcpServerOf(tools, { version: ownVersion(), brain }));
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  await handle.close();
}
