// A server over a fake engine or the real one, in a home of its own, spoken to over real HTTP. Not here: what is asked.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settle, type GivenSettings } from '../../src/options/index.js';
import { serve, type EngineApi, type RunningServer, type ServeOptions } from '../../src/server/index.js';
import { FakeServerApi } from '../fakes/server-api.js';

export interface TestServer<A extends EngineApi = FakeServerApi> {
  api: A;
  home: string;
  running: RunningServer;
  logs: Record<string, unknown>[];
  /** With the key of this run, as JSON. */
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  delete: (path: string) => Promise<Response>;
  close: () => Promise<void>;
}

export async function startServer(options: Partial<ServeOptions> = {}, given: GivenSettings = {}): Promise<TestServer> {
  return startServerOver(new FakeServerApi(), options, { model: 'tiny', embedder: 'vectors', ...given });
}

export async function startServerOver<A extends EngineApi>(
  api: A,
  options: Partial<ServeOptions> = {},
  given: GivenSettings = {},
): Promise<TestServer<A>> {
  const isOwnHome = given.home === undefined;
  const home = isOwnHome ? mkdtempSync(join(tmpdir(), 'engram-server-')) : given.home!;
  const logs: Record<string, unknown>[] = [];
  const settings = settle({ ...given, home });
  const running = await serve(api, settings, {
    port: 0,
    version: '0.0.0',
    log: (fields) => logs.push(fields),
    ...options,
  });
  const headers = { authorization: `Bearer ${running.key}`, 'content-type': 'application/json' };
  return {
    ...{ api, home, running, logs },
    post: (path, body, more = {}) =>
      fetch(`${running.url}${path}`, {
        method: 'POST',
        headers: { ...headers, ...more },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (path, more = {}) =>
      fetch(`${running.url}${path}`, { headers: { authorization: headers.authorization, ...more } }),
    delete: (path) =>
      fetch(`${running.url}${path}`, { method: 'DELETE', headers: { authorization: headers.authorization } }),
    close: async () => {
      await running.close(50);
      if (isOwnHome) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Writes bytes as they are to the server and reads what comes until it closes or `ms` have passed. */
export function rawRequest(
  { running }: { running: RunningServer },
  bytes: string | Buffer,
  ms = 2000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(running.port, running.host);
    let read = '';
    const done = (): void => {
      socket.destroy();
      resolve(read);
    };
    const timer = setTimeout(done, ms);
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => (read += piece));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      done();
    });
    socket.write(bytes);
  });
}

/** The events of a stream: their names and values, comments left out. */
export async function eventsOf(response: Response): Promise<{ event?: string; data: unknown }[]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '' && !block.startsWith(':'));
  return blocks.map((block) => {
    const event = /^event: (.*)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)![1]!;
    return {
      ...(event === undefined ? {} : { event }),
      data: data === '[DONE]' ? data : (JSON.parse(data) as unknown),
    };
  });
}
