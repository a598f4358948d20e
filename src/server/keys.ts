// Keys of the server: shown once, kept as their SHA-256 in <home>/keys.json that only its owner reads, each with what it may do.
// Not here: where a key stands in a request (guard.ts).
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { withLock, writeFileAtomic } from '../files.js';

/** Each allows what those before it do: to ask; to teach, forget and upload; to train, pull, stop. */
export const SCOPES = ['chat', 'remember', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface KeyRecord {
  id: string;
  name: string;
  sha256: string;
  scope: Scope;
  /** ISO 8601. */
  createdAt: string;
}

/** Who asks. */
export interface Caller {
  id: string;
  name: string;
  scope: Scope;
}

const FILE = z.object({
  format: z.literal(1),
  keys: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      scope: z.enum(SCOPES),
      createdAt: z.string(),
    }),
  ),
});

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]{0,47}$/u;

export function allows(caller: Caller, scope: Scope): boolean {
  return SCOPES.indexOf(caller.scope) >= SCOPES.indexOf(scope);
}

export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export class KeyStore {
  readonly #path: string;
  #read: { mtimeMs: number; size: number; keys: KeyRecord[] } | undefined;

  constructor(home: string) {
    this.#path = join(home, 'keys.json');
  }

  /** Throws `corrupt`, `disk`. */
  async list(): Promise<KeyRecord[]> {
    try {
      const { mtimeMs, size } = await stat(this.#path);
      if (this.#read?.mtimeMs !== mtimeMs || this.#read.size !== size) {
        const { keys } = FILE.parse(JSON.parse(await readFile(this.#path, 'utf8')));
        this.#read = { mtimeMs, size, keys };
      }
      return this.#read.keys;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      if (error instanceof z.ZodError || error instanceof SyntaxError) {
        throw new EngramError('corrupt', `The file of keys is damaged: ${this.#path}.`, {
          hint: 'Delete it and make new keys with `engram keys create`.',
          cause: error,
        });
      }
      throw fromSystemError(error, this.#path);
    }
  }

  /** Makes a key, which is told here and never again. Throws `usage`, `exists`, `corrupt`, `disk`. */
  async create(name: string, scope: Scope): Promise<{ key: string; record: KeyRecord }> {
    if (!NAME.test(name)) {
      throw new EngramError('usage', `Expected a name for the key but received "${name}".`, {
        hint: 'Up to 48 letters, digits, spaces, ".", "_" or "-".',
      });
    }
    const key = `engram-${randomBytes(32).toString('base64url')}`;
    const record: KeyRecord = {
      ...{ id: `key-${randomBytes(4).toString('hex')}`, name, sha256: hashOfKey(key), scope },
      createdAt: new Date().toISOString(),
    };
    await this.#change((keys) => {
      if (keys.some((other) => other.name === name)) {
        throw new EngramError('exists', `There is a key "${name}" already.`, {
          hint: 'Revoke it, or choose another name.',
        });
      }
      return [...keys, record];
    });
    return { key, record };
  }

  /** By id or name. Throws `not_found`. */
  async revoke(idOrName: string): Promise<KeyRecord> {
    let revoked: KeyRecord | undefined;
    await this.#change((keys) => {
      revoked = keys.find(({ id, name }) => id === idOrName || name === idOrName);
      if (revoked === undefined) throw new EngramError('not_found', `There is no key "${idOrName}".`);
      return keys.filter((key) => key !== revoked);
    });
    return revoked!;
  }

  /** Whose key it is; undefined for nobody's. Every hash is compared, in the same time. */
  async whose(key: string): Promise<Caller | undefined> {
    const given = Buffer.from(hashOfKey(key), 'hex');
    let found: KeyRecord | undefined;
    for (const record of await this.list()) {
      if (timingSafeEqual(given, Buffer.from(record.sha256, 'hex'))) found = record;
    }
    return found === undefined ? undefined : { id: found.id, name: found.name, scope: found.scope };
  }

  #change(change: (keys: KeyRecord[]) => KeyRecord[]): Promise<void> {
    return withLock(this.#path, { doing: 'changing the keys' }, async () => {
      const keys = change(await this.list());
      await writeFileAtomic(this.#path, `${JSON.stringify({ format: 1, keys }, undefined, 2)}\n`, 0o600);
    });
  }
}
