// `engram mcp`: the tools of MCP over stdin and stdout, a thin way to a running server, or to one of its own while it lives. Programs
// start one of these each; the models are loaded once. Not here: the tools (server/mcp).
import { findServer } from '../../server-note.js';
import type { CommandSpec } from '../command.js';
import type { Job } from '../job.js';

export const mcp: CommandSpec = {
  usage: 'mcp',
  summary: 'speak MCP over stdin and stdout, for agents: remember, recall, ask, forget, undo, search',
  options: [
    ['--url <url>', 'a running server (default: the one of this home, else one is started for as long as this lives)'],
    ['--key <key>', "its key (default: that of this home's server)"],
  ],
  examples: ['engram mcp', 'engram mcp --url http://127.0.0.1:11435 --key engram-…'],
  notes: ['In the settings of an agent: {"mcpServers": {"engram": {"command": "engram", "args": ["mcp"]}}}'],
  run: async (job, _words, options) => {
    const [{ EngramClient }, { serveMcp }] = await Promise.all([
      import('../../client/index.js'),
      import('../../server/index.js'),
    ]);
    const { url, key, close } = await reach(job, options);
    try {
      const client = new EngramClient({ url, ...(key === undefined ? {} : { key }) });
      await serveMcp(client, { brain: job.settings.brain, signal: job.signal });
    } finally {
      await close();
    }
    return undefined;
  },
};

interface Reached {
  url: string;
  key?: string | undefined;
  close: () => Promise<void>;
}

async function reach(job: Job, options: Readonly<Record<string, unknown>>): Promise<Reached> {
  const close = (): Promise<void> => Promise.resolve();
  if (typeof options['url'] === 'string')
    return { url: options['url'], key: options['key'] as string | undefined, close };
  const found = await findServer(job.settings.home);
  if (found !== undefined) return { ...found, close };
  const { serve } = await import('../../server/index.js');
  // stdout is the protocol's: nothing else may be printed there.
  const running = await serve(await import('../../index.js'), job.settings, { port: 0 });
  return { url: running.url, key: running.key, close: () => running.close() };
}
