// The note that a running server leaves in its home, so that programs of the same user find it: where it is, a key of its run, and
// with what it was started. Only its owner reads it. Not here: the server (server/), who uses it (cli/).
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isSystemError } from './errors.js';
import { makeFolder, writeFileAtomic } from './files.js';
import type { Settings } from './options/index.js';

/** Settings that decide what is answered, beside the brain, which each request names. */
export const DECIDING = [
  ...(['model', 'embedder', 'chatTemplate', 'store', 'server', 'serverModel'] as const),
  ...(['contextSize', 'gpu', 'gpuLayers', 'compute'] as const),
] as const;

export type Deciding = { [K in (typeof DECIDING)[number]]?: Settings[K] | undefined };

export interface ServerNote {
  url: string;
  key: string;
  pid: number;
  version: string;
  /** As decidingOf() gives them. */
  settings: Deciding;
}

/** Comparable between processes: files by their whole path. The address of a store has its password in it: its hash stands for it. */
export function decidingOf(settings: Deciding): Deciding {
  const { store, model, embedder, chatTemplate } = settings;
  const hash = store === undefined ? undefined : createHash('sha256').update(store).digest('hex');
  const whole = (named: string | undefined, isFile = /[\\/]|\.gguf$/i): string | undefined =>
    named !== undefined && isFile.test(named) ? resolve(named) : named;
  const files = { model: whole(model), embedder: whole(embedder), chatTemplate: whole(chatTemplate, /[\\/]|\.\w+$/) };
  const all: Deciding = { ...settings, ...files, store: hash };
  return Object.fromEntries(DECIDING.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}

export function serverFile(home: string): string {
  return join(home, 'server.json');
}

/** Throws `disk`. */
export async function leaveNote(home: string, note: ServerNote): Promise<void> {
  await makeFolder(home);
  await writeFileAtomic(serverFile(home), `${JSON.stringify(note)}\n`, 0o600);
}

/** Unless another server has left its own there meanwhile. */
export async function takeNoteAway(home: string, { key }: Pick<ServerNote, 'key'>): Promise<void> {
  if ((await readNote(home))?.key === key) await rm(serverFile(home), { force: true });
}

/** What a server left, whether it still runs or not. */
export async function readNote(home: string): Promise<ServerNote | undefined> {
  let note: Partial<ServerNote> | null;
  try {
    note = JSON.parse(await readFile(serverFile(home), 'utf8')) as Partial<ServerNote> | null;
  } catch {
    return undefined; // none, or none that can be read: nobody depends on it
  }
  const { url, key, pid, version = '', settings = {} } = note ?? {};
  if (typeof url !== 'string' || typeof key !== 'string' || typeof pid !== 'number') return undefined;
  return { url, key, pid, version, settings };
}

/** The server of a home that runs and takes the key of its note. What a killed one left is passed over. */
export async function findServer(home: string, { waitMs = 5000 } = {}): Promise<ServerNote | undefined> {
  const note = await readNote(home);
  if (note === undefined || !isRunning(note.pid)) return undefined;
  const signal = AbortSignal.timeout(waitMs);
  const headers = { authorization: `Bearer ${note.key}` };
  const answers = await fetch(`${note.url}/engram/v1/settings`, { headers, signal })
    .then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    })
    .catch(() => false);
  return answers ? note : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM'); // another user's
  }
}
