// A real PostgreSQL for a test: a cluster of its own in a temporary folder, on a port of its own, with a password. Its programs are
// those in ENGRAM_TEST_POSTGRES (the folder that holds initdb and postgres), else of the system. Not here: installing one.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface Server {
  /** With the password. */
  address: string;
  version: string;
  /** Ends it as a power cut would, and starts it again. */
  restart: () => Promise<void>;
  stop: () => Promise<void>;
}

/** Where its programs are; undefined if there are none, or if we are root and there is no user for it, which it insists on. */
export function findPostgres(): string | undefined {
  if (process.platform === 'win32') return process.env['ENGRAM_TEST_POSTGRES'];
  if (process.getuid?.() === 0 && idOf('-u') === undefined) return undefined;
  const given = process.env['ENGRAM_TEST_POSTGRES'];
  if (given !== undefined) return given;
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(debian, version, 'bin')).concat(process.env['PATH']?.split(':') ?? []);
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

export async function startPostgres(bin: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'engram-postgres-'));
  const ids = process.getuid?.() === 0 ? { uid: idOf('-u')!, gid: idOf('-g')! } : {};
  if ('uid' in ids) chownSync(folder, ids.uid, ids.gid!);
  const [data, secret, port] = [join(folder, 'data'), join(folder, 'secret'), await freePort()];
  writeFileSync(secret, 'sesame', { mode: 0o644 });
  const options = { ...ids, env: { ...process.env, LC_ALL: 'C' }, stdio: 'pipe' as const, cwd: folder };
  const init = [
    '-D',
    data,
    '-U',
    'owner',
    '-A',
    'scram-sha-256',
    `--pwfile=${secret}`,
    '-E',
    'UTF8',
    '--no-locale',
    '-N',
  ];
  execFileSync(join(bin, 'initdb'), init, options);
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'shared_buffers=16MB',
  ];
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], options);
    let said = '';
    server.stderr!.on('data', (piece: Buffer) => (said += piece.toString()));
    for (let waited = 0; !said.includes('ready to accept connections'); waited += 50) {
      if (server.exitCode !== null || waited > 60_000) throw new Error(`postgres does not start: ${said}`);
      await setTimeout(50);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };
  await start();
  return {
    address: `postgres://owner:sesame@127.0.0.1:${port}/postgres`,
    version: execFileSync(join(bin, 'postgres'), ['--version'], options).toString().trim(),
    restart: async () => {
      await end('SIGQUIT');
      await start();
    },
    stop: async () => {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function idOf(which: '-u' | '-g'): number | undefined {
  try {
    return Number(execFileSync('id', [which, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
