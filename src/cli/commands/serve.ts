// `engram serve`: the models, memories and trainings of this machine for every client that speaks OpenAI's, Anthropic's or Ollama's
// dialect. Not here: the server itself (server/).
import { EngramError } from '../../errors.js';
import type { CommandSpec, Options } from '../command.js';
import { listOf, numberOf, stringOf } from '../input.js';
import type { Job } from '../job.js';

export const serve: CommandSpec = {
  usage: 'serve',
  summary: 'serve models, memories and trainings over HTTP, to clients of OpenAI, Anthropic, Ollama and MCP',
  options: [
    ['--host <address>', 'address to listen at (default: 127.0.0.1)'],
    ['--port <number>', 'port to listen at; 0: any free one (default: 11435)'],
    ['--no-auth', 'ask for no key; on this machine only'],
    ['--allow-host <name>...', 'another name by which clients reach it, such as host.docker.internal'],
    ['--allow-origin <origin>...', 'a page that may use it from a browser, such as app://obsidian.md'],
    ['--alias <name=model>...', 'another name of a model, such as gpt-4o-mini=brain:work'],
    ['--max-tokens <number>', 'most tokens of an answer whose request names none (default: what the context leaves)'],
    ['--keep-alive <seconds>', 'free a model after so long without use (default: never)'],
    ['--keep-open <number>', 'open brains that are kept (default: 2)'],
  ],
  examples: [
    'engram keys create laptop && engram serve',
    'engram serve --no-auth --alias gpt-4o-mini=brain:default',
    'engram serve --allow-host host.docker.internal --parallel 4',
  ],
  notes: [
    'Clients speak to http://127.0.0.1:11435/v1 (OpenAI), http://127.0.0.1:11435 (Anthropic, Ollama) and …/mcp (MCP).',
    'One line of JSON for each request goes to stderr, without what was said. Ctrl-C ends it when answers are given.',
  ],
  run: async (job, _words, options) => {
    const { serve: start } = await import('../../server/index.js');
    const running = await start(await import('../../index.js'), job.settings, {
      ...serveOptions(options),
      log: (fields) => {
        if (!job.settings.quiet)
          job.world.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`);
      },
    });
    try {
      job.line(`engram serves at ${running.url}`);
      // What stands behind # is never sent. It goes to a person at a terminal and into no log.
      if (job.isInteractive)
        job.line(`The page: ${running.url}/${options['auth'] === false ? '' : `#key=${running.key}`}`);
      if (options['auth'] !== false) await tellKeys(job);
      await new Promise<void>((resolve) => {
        if (job.signal.aborted) resolve();
        job.signal.addEventListener('abort', () => {
          resolve();
        });
      });
    } finally {
      await running.close();
    }
    job.value({ url: running.url });
    return undefined;
  },
};

function serveOptions(options: Options) {
  const port = numberOf(options, 'port', '--port');
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new EngramError('usage', `Expected a port from 0 to 65535 for --port but received ${port}.`);
  }
  const positive = (name: string, flag: string): number | undefined => {
    const value = numberOf(options, name, flag);
    if (value === undefined || value > 0) return value;
    throw new EngramError('usage', `Expected a number above 0 for ${flag} but received ${value}.`);
  };
  return {
    ...{ host: stringOf(options, 'host'), port, auth: options['auth'] !== false },
    ...{ allowHosts: listOf(options, 'allowHost'), allowOrigins: listOf(options, 'allowOrigin') },
    aliases: aliasesOf(listOf(options, 'alias') ?? []),
    ...{ maxTokens: positive('maxTokens', '--max-tokens'), keepAlive: positive('keepAlive', '--keep-alive') },
    keepOpen: positive('keepOpen', '--keep-open'),
  };
}

function aliasesOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const [, name, model] = /^([^=]+)=(.+)$/s.exec(pair) ?? [];
      if (name === undefined || model === undefined) {
        throw new EngramError('usage', `Expected name=model for --alias but received "${pair}".`);
      }
      return [name.trim(), model.trim()];
    }),
  );
}

async function tellKeys(job: Job): Promise<void> {
  const { KeyStore } = await import('../../server/index.js');
  const keys = await new KeyStore(job.settings.home).list();
  if (keys.length === 0) job.note('There is no key yet. Make one with: engram keys create NAME');
}
