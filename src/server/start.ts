// Puts the server together: engine, queues, routes, keys, and the note by which programs of the same user find it. Not here: the
// command line (cli/commands/serve.ts).
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { EngramError } from '../errors.js';
import type { Settings } from '../options/index.js';
import { decidingOf, leaveNote, takeNoteAway } from '../server-note.js';
import type { Answerer } from './answer.js';
import type { Context, ServerOptions } from './context.js';
import { Engine, type EngineApi } from './engine.js';
import type { Route } from './exchange.js';
import { KeyStore } from './keys.js';
import { LIMITS } from './limits.js';
import { Metrics } from './metrics.js';
import { Names } from './names.js';
import { chatRoutes } from './openai/chat.js';
import { completionRoutes } from './openai/completions.js';
import { embeddingRoutes } from './openai/embeddings.js';
import { fileRoutes, FileStore } from './openai/files.js';
import { jobRoutes } from './openai/jobs.js';
import { Tuning } from './openai/tuning.js';
import { responseRoutes } from './openai/responses.js';
import { vectorStoreRoutes } from './openai/vector-stores.js';
import { modelRoutes } from './openai/models.js';
import { anthropicRoutes } from './anthropic/routes.js';
import { ollamaRoutes } from './ollama/routes.js';
import { healthRoutes } from './health.js';
import { Events } from './own/events.js';
import { ownRoutes } from './own/routes.js';
import { BrainService } from './own/service.js';
import { pageRoutes } from './page.js';
import { FairQueue } from './queue.js';
import { HttpServer } from './server.js';
import { ownVersion } from './version.js';
import { mcpRoutes } from './mcp/routes.js';

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 11435;

export interface ServeOptions extends Partial<ServerOptions> {
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** Default 11435; 0: any free one. */
  port?: number | undefined;
  /** Whether a key is asked for. Default true; false on loopback only. */
  auth?: boolean | undefined;
  allowHosts?: readonly string[] | undefined;
  allowOrigins?: readonly string[] | undefined;
  /** Seconds without use after which a model is freed. Default: never. */
  keepAlive?: number | undefined;
  /** Open brains that are kept. Default 2. */
  keepOpen?: number | undefined;
  /** What the server says it is. Default: engram's version. */
  version?: string | undefined;
  /** Gets one record for each request, and what else happens. No prompts, answers, memories or keys. */
  log?: ((fields: Record<string, unknown>) => void) | undefined;
}

export interface RunningServer {
  url: string;
  host: string;
  port: number;
  /** A key of this run alone, for programs of the same user. */
  key: string;
  close: (graceMs?: number) => Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Throws `usage`, `disk`, `corrupt`. */
export async function serve(api: EngineApi, settings: Settings, options: ServeOptions): Promise<RunningServer> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, auth = true } = options;
  await check(settings, host, auth);
  const version = options.version ?? ownVersion();
  const [stop, closing] = [new AbortController(), new AbortController()];
  const engine = new Engine(api, settings, {
    ...(options.keepOpen === undefined ? {} : { keep: options.keepOpen }),
    keepAliveMs: options.keepAlive === undefined ? undefined : options.keepAlive * 1000,
  });
  const metrics = new Metrics();
  const context: Context = {
    ...{ engine, metrics, events: new Events(), version, startedAt: Date.now(), stopping: stop.signal },
    closing: closing.signal,
    answers: new FairQueue(settings.parallel ?? 1, LIMITS.queue),
    jobs: new FairQueue(1, LIMITS.jobs),
    options: {
      maxTokens: options.maxTokens,
      aliases: options.aliases ?? {},
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
    },
    log: options.log ?? (() => undefined),
  };
  const names = new Names(context);
  watchQueues(context);
  const files = new FileStore(settings.home);
  const tuning = new Tuning(context, names, files);
  names.tuned = tuning;
  const service = new BrainService({ context, names }, files);
  const server = new HttpServer(context, routesOf({ context, names }, files, tuning, service), stop);
  const key = `engram-run-${randomBytes(32).toString('base64url')}`;
  const at = await server.listen({
    ...{ host, port, ownKey: key, keys: auth ? new KeyStore(settings.home) : undefined },
    ...{ allowHosts: options.allowHosts ?? [], allowOrigins: checkOrigins(options.allowOrigins ?? []) },
  });
  await tuning.begin();
  const url = `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
  const note = { url, key, pid: process.pid, version, settings: decidingOf(settings) };
  await leaveNote(settings.home, note);
  return {
    ...{ url, key, ...at },
    close: async (graceMs) => {
      closing.abort();
      await takeNoteAway(settings.home, note);
      await Promise.all([server.close(graceMs), tuning.end()]);
      await engine.close();
    },
  };
}

function routesOf(answerer: Answerer, files: FileStore, tuning: Tuning, service: BrainService): Route[] {
  return [
    ...pageRoutes(), // before Ollama's, which has the same address for programs
    ...healthRoutes(answerer.context),
    ...modelRoutes(answerer),
    ...chatRoutes(answerer),
    ...completionRoutes(answerer),
    ...embeddingRoutes(answerer),
    ...fileRoutes(answerer, files),
    ...jobRoutes(tuning),
    ...responseRoutes(answerer),
    ...vectorStoreRoutes(answerer, files),
    ...ownRoutes(answerer, service),
    ...mcpRoutes(answerer.context, service),
    ...anthropicRoutes(answerer),
    ...ollamaRoutes(answerer),
  ];
}

function watchQueues({ metrics, answers, jobs, engine }: Context): void {
  metrics.gauge('engram_answers_running', 'Answers that are computed now.', () => answers.running);
  metrics.gauge('engram_answers_waiting', 'Requests that wait for their turn.', () => answers.waiting);
  metrics.gauge('engram_jobs_running', 'Long jobs that run now.', () => jobs.running);
  metrics.gauge('engram_jobs_waiting', 'Long jobs that wait for their turn.', () => jobs.waiting);
  metrics.gauge('engram_models_open', 'Models that are open.', () => engine.loaded().length);
  metrics.gauge('engram_resident_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
}

async function check({ home }: Settings, host: string, auth: boolean): Promise<void> {
  if (host !== 'localhost' && isIP(host) === 0) {
    throw new EngramError('usage', `Expected an address for --host but received "${host}".`, {
      hint: 'For example 127.0.0.1 or 0.0.0.0.',
    });
  }
  if (LOOPBACK.has(host)) return;
  if (!auth) {
    throw new EngramError('usage', `Without keys the server listens on this machine only, not at ${host}.`, {
      hint: 'Leave out --no-auth, or --host.',
    });
  }
  if ((await new KeyStore(home).list()).length === 0) {
    throw new EngramError(
      'usage',
      `There is no key yet, so nobody but you may reach the server: it does not listen at ${host}.`,
      {
        hint: 'Make one first: engram keys create NAME',
      },
    );
  }
}

/** `null` is what any sandboxed frame sends. */
function checkOrigins(origins: readonly string[]): readonly string[] {
  for (const origin of origins) {
    if (/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#,*]+$/i.test(origin)) continue;
    throw new EngramError('usage', `Expected an origin for --allow-origin but received "${origin}".`, {
      hint: 'As browsers send it, for example app://obsidian.md or http://localhost:3000.',
    });
  }
  return origins;
}
