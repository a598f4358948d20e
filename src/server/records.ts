// Records that the server keeps as JSON, one file each, in a folder of the home. Each is whole or not there, whatever happens. Not
// here: what they say.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { isSystemError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { notFound } from './errors.js';

export class Records<T extends { id: string }> {
  readonly folder: string;
  readonly #prefix: string;
  #all: Map<string, T> | undefined;
  #written: Promise<void> = Promise.resolve();

  /** `prefix` of ids, such as `file-`. */
  constructor(home: string, name: string, prefix: string) {
    this.folder = join(home, 'server', name);
    this.#prefix = prefix;
  }

  newId(): string {
    return `${this.#prefix}${randomBytes(12).toString('hex')}`;
  }

  /** Oldest first. What cannot be read is passed over: one bad file must not take the others with it. */
  async list(): Promise<T[]> {
    return [...(await this.#read()).values()];
  }

  async get(id: string): Promise<T | undefined> {
    return (await this.#read()).get(id);
  }

  /** Throws 404. */
  async find(id: string, what: string): Promise<T> {
    const found = await this.get(id);
    if (found === undefined) throw notFound(`There is no ${what} ${JSON.stringify(id.slice(0, 100))}.`);
    return found;
  }

  async put(record: T): Promise<T> {
    const all = await this.#read();
    // One after the other, as they were given: the last one has to be what stays.
    const text = `${JSON.stringify(record)}\n`;
    const written = this.#written.then(() => writeFileAtomic(this.#path(record.id), text, 0o600));
    this.#written = written.catch(() => undefined);
    await written;
    all.set(record.id, record);
    return record;
  }

  async remove(id: string): Promise<void> {
    const all = await this.#read();
    await rm(this.#path(id), { force: true });
    all.delete(id);
  }

  #path(id: string): string {
    return join(this.folder, `${id}.json`);
  }

  async #read(): Promise<Map<string, T>> {
    if (this.#all !== undefined) return this.#all;
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    });
    const found: (T & { created_at?: number })[] = [];
    for (const name of names) {
      const id = name.replace(/\.json$/, '');
      if (!name.endsWith('.json') || !id.startsWith(this.#prefix)) continue;
      const record = (await readFile(join(this.folder, name), 'utf8')
        .then(JSON.parse, () => undefined)
        .catch(() => undefined)) as T | undefined;
      if (record?.id === id) found.push(record);
    }
    found.sort((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0) || a.id.localeCompare(b.id));
    this.#all ??= new Map(found.map((record) => [record.id, record]));
    return this.#all;
  }
}

/** A page of a list, newest first unless told: `limit`, `after`, `before`, `order` of the query. */
export function pageOf<T extends { id: string }>(records: readonly T[], query: URLSearchParams, usual = 20) {
  const order = query.get('order') === 'asc' ? 1 : -1;
  const sorted = order === 1 ? [...records] : [...records].reverse();
  const limit = Math.min(Math.max(Math.trunc(Number(query.get('limit') ?? usual)) || usual, 1), 10_000);
  const at = (name: string): number => sorted.findIndex(({ id }) => id === query.get(name));
  const [after, before] = [at('after'), at('before')];
  const all = sorted.slice(after + 1, before < 0 ? undefined : before);
  const data = all.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: all.length > data.length,
  };
}
