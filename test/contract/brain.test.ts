// One suite over every place that a brain may be in: files here, PostgreSQL in this process, a real server where there is one. What
// only a shared brain has comes after it.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exportBrain, importBrain, openBrain, type Brain, type BrainMemory } from '../../src/brain/index.js';
import { openStore, Store } from '../../src/store/index.js';
import { newReceipt } from '../fakes/results.js';
import { databaseOf, PGlite } from '../support/pglite.js';
import { findPostgres, startPostgres, type Server } from '../support/postgres.js';

const MODEL = { name: 'tiny', sha256: 'a'.repeat(64) };
const OTHER = { name: 'other', sha256: 'b'.repeat(64) };
const bin = findPostgres();

interface Place {
  /** A new store, or another client of the same one; undefined: files. */
  client: () => Promise<Store | undefined>;
  stop: () => Promise<void>;
}

const PLACES: Record<string, () => Promise<Place>> = {
  files: () => Promise.resolve({ client: () => Promise.resolve(undefined), stop: () => Promise.resolve() }),
  pglite: async () => {
    const server = await PGlite.create();
    return { client: () => Promise.resolve(new Store(databaseOf(server))), stop: () => server.close() };
  },
  ...(bin === undefined
    ? {}
    : {
        postgres: async () => {
          const server = await startPostgres(bin);
          return { client: () => openStore(server.address), stop: server.stop };
        },
      }),
};

const opened: { close: () => unknown }[] = [];
const homes: string[] = [];

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'engram-place-'));
  homes.push(home);
  return home;
}

const remember = (brain: Brain, text: string, supersedes: string[] = []): Promise<BrainMemory> =>
  brain.write('memorizing', async (writer) => {
    const id = writer.newId(text);
    writeFileSync(brain.adapterPath(id), `adapter of ${text}`);
    return writer.remember({ id, text, receipt: newReceipt(id), supersedes });
  });

const fails = (code: string, more: object = {}): unknown =>
  expect.objectContaining({ name: 'EngramError', code, ...more }) as unknown;

const kinds = (brain: Brain, id?: string): string[] => brain.history(id).map(({ kind }) => kind);

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

let names = 0;
/** PostgreSQL in this process begins slowly on a busy machine. */
const START_MS = 600_000;

describe.each(Object.entries(PLACES))('a brain in %s', (where, start) => {
  let place: Place;
  let name: string;
  beforeAll(async () => {
    place = await start();
  }, START_MS);
  afterAll(() => place.stop());

  const open = async (home: string, create = true, model = MODEL, called = name): Promise<Brain> => {
    const store = await place.client();
    const brain = await openBrain({ home, name: called, model, create, store });
    opened.push(brain, ...(store === undefined ? [] : [store]));
    return brain;
  };
  /** As another machine sees it; in files there is only this one. */
  const elsewhere = (home: string): Promise<Brain> => open(where === 'files' ? home : newHome(), false);
  const fresh = (): Promise<Brain> => {
    name = `brain-${++names}`;
    return open(newHome());
  };
  const homeOf = (brain: Brain): string => homes.find((home) => brain.folder.startsWith(home))!;

  it('is none before something is made', async () => {
    await expect(open(newHome(), false, MODEL, 'never')).rejects.toThrow(fails('not_found'));
  });

  it('keeps what was remembered, for others too, with its adapter', async () => {
    const brain = await fresh();
    const text = 'ünï 記憶 🧠 \0 "quoted" \ud800 1e400';
    const memory = await remember(brain, text);
    const other = await elsewhere(homeOf(brain));
    expect(other.memories()).toEqual([memory]);
    expect(other.get(memory.id)).toMatchObject({ text, state: 'remembered', receipt: newReceipt(memory.id) });
    expect(readFileSync(await other.adapterFile(memory.id), 'utf8')).toBe(Buffer.from(`adapter of ${text}`).toString());
    expect(other.history().map(({ id }) => id)).toEqual([1, 2]);
  });

  it('supersedes, forgets and restores in whole transactions', async () => {
    const brain = await fresh();
    const old = await remember(brain, 'Bo lives in Ulm.');
    const now = await remember(brain, 'Bo lives in Bonn.', [old.id]);
    expect(brain.get(old.id)).toMatchObject({ state: 'superseded', supersededBy: now.id });
    await brain.forgetAll([now.id]);
    await brain.write('undoing', async (writer) => {
      writeFileSync(writer.newAdapterPath(now.id), 'again');
      await writer.change([{ kind: 'restored', id: now.id, undoes: 4 }]);
    });
    const other = await elsewhere(homeOf(brain));
    await other.sync();
    expect(kinds(other)).toEqual(['created', 'remembered', 'remembered', 'superseded', 'forgotten', 'restored']);
    expect(readFileSync(await other.adapterFile(now.id), 'utf8')).toBe('again');
    // What is done at once, and nothing else, has one time; and times grow.
    const times = other.history().map(({ time }) => time);
    expect(times[2]).toBe(times[3]);
    expect(new Set(times).size).toBe(5);
    expect([...times].sort()).toEqual(times);
  });

  it('notes what was rolled back, and refuses what cannot be', async () => {
    const brain = await fresh();
    await brain.write('memorizing', (writer) =>
      writer.rollBack({ id: 'm-00ff', text: 'No.', receipt: newReceipt('m-00ff', { committed: false }) }),
    );
    expect(brain.memories()).toEqual([]);
    expect(kinds(brain, 'm-00ff')).toEqual(['rolled_back']);
    await expect(brain.forgetAll(['m-00aa'])).rejects.toThrow(fails('not_found'));
    expect(kinds(brain)).toEqual(['created', 'rolled_back']);
  });

  it('belongs to one model, an empty one to nobody', async () => {
    const brain = await fresh();
    const home = homeOf(brain);
    const second = await open(home, false, OTHER);
    await remember(second, 'Now it is of the other.');
    expect(second.model).toEqual(OTHER);
    await expect(open(home, false, MODEL)).rejects.toThrow(fails('mismatch'));
  });

  it('goes out as a file and comes in again', async () => {
    const brain = await fresh();
    const kept = await remember(brain, 'Kept.');
    const gone = await remember(brain, 'Gone.');
    await brain.forgetAll([gone.id]);
    const file = join(newHome(), 'brain.engram');
    const reader = await elsewhere(homeOf(brain));
    await reader.check();
    expect(await exportBrain(reader, file)).toMatchObject({ memories: 1, damaged: [] });
    const store = await place.client();
    if (store !== undefined) opened.push(store);
    const copy = `${name}-copy`;
    const home = newHome();
    expect(await importBrain(file, { home, name: copy, store })).toMatchObject({
      name: copy,
      memories: 1,
      damaged: [],
    });
    await expect(importBrain(file, { home, name: copy, store })).rejects.toThrow(fails('exists'));
    const again = await open(home, false, MODEL, copy);
    expect(again.history()).toEqual(brain.history());
    expect(readFileSync(await again.adapterFile(kept.id), 'utf8')).toBe('adapter of Kept.');
    // Between places: into files, whatever it came from.
    await importBrain(file, { home, name: 'local' });
    expect((await openBrain({ home, name: 'local' })).history()).toEqual(brain.history());
  });

  if (where === 'files') return;

  it('has many writers, and refuses only what is about the same memory', async () => {
    const one = await fresh();
    const shared = await remember(one, 'Shared.');
    const two = await elsewhere('');
    await one.write('memorizing', async (writer) => {
      const id = writer.newId('One.');
      writeFileSync(writer.newAdapterPath(id), 'one');
      await remember(two, 'Two.'); // while the first one trains
      await writer.remember({ id, text: 'One.', receipt: newReceipt(id) });
    });
    await two.sync();
    expect(two.history()).toEqual(one.history());
    expect(one.memories().map(({ text }) => text)).toEqual(['Shared.', 'Two.', 'One.']);
    const late = one.write('memorizing', async (writer) => {
      const id = writer.newId('Instead.');
      writeFileSync(writer.newAdapterPath(id), 'instead');
      await two.forgetAll([shared.id]);
      return writer.remember({ id, text: 'Instead.', receipt: newReceipt(id), supersedes: shared.id });
    });
    await expect(late).rejects.toThrow(fails('locked'));
    await one.sync();
    expect(one.history()).toEqual(two.history());
    expect(one.get(shared.id)?.state).toBe('forgotten');
  });

  it('keeps the adapters of what is remembered, and no others', async () => {
    const brain = await fresh();
    const [kept, gone] = [await remember(brain, 'A.'), await remember(brain, 'B.')];
    await brain.forgetAll([gone.id]);
    const store = (await place.client())!;
    opened.push(store);
    const { id } = (await store.find(name))!;
    const hash = (text: string): string => createHash('sha256').update(`adapter of ${text}`).digest('hex');
    expect(await store.getAdapter(id, hash('B.'))).toBeUndefined();
    expect(Buffer.from((await store.getAdapter(id, hash('A.')))!).toString()).toBe('adapter of A.');
    rmSync(brain.adapterPath(kept.id));
    expect(existsSync(await brain.adapterFile(kept.id))).toBe(true); // fetched again
  });

  it('is append-only, and its log has no gaps', async () => {
    const brain = await fresh();
    await remember(brain, 'A.');
    const store = (await place.client())!;
    opened.push(store);
    const database = await store.ready();
    const { id } = (await store.find(name))!;
    for (const change of ['UPDATE engram.event SET seq = seq + 9', 'DELETE FROM engram.event']) {
      await expect(database.query(`${change} WHERE brain_id = $1`, [id])).rejects.toThrow();
    }
    expect((await store.since(id, 0)).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('is begun anew here where it was made anew there', async () => {
    const brain = await fresh();
    const home = homeOf(brain);
    await remember(brain, 'Old.');
    writeFileSync(join(brain.folder, 'shared.json'), '{"id":"5f0c8e4a-0000-4000-8000-000000000000"}');
    writeFileSync(join(brain.folder, 'old'), '');
    const again = await open(home, false);
    expect(existsSync(join(again.folder, 'old'))).toBe(false);
    expect(again.memories().map(({ text }) => text)).toEqual(['Old.']);
  });

  it('is refused where a newer engram set it up', async () => {
    const store = (await place.client())!;
    opened.push(store);
    const database = await store.ready();
    await database.query('INSERT INTO engram.schema_step (version) VALUES (999)');
    try {
      await expect(open(newHome(), true, MODEL, 'newer')).rejects.toThrow(fails('unsupported'));
    } finally {
      await database.query('DELETE FROM engram.schema_step WHERE version = 999');
    }
  });
});

describe('tenants', () => {
  it('see nothing of each other, not even that it exists', { timeout: START_MS }, async () => {
    const server = await PGlite.create();
    await new Store(databaseOf(server)).ready();
    await server.exec('CREATE ROLE ann; CREATE ROLE bea');
    const [ann, bea] = ['ann', 'bea'].map((role) => new Store(databaseOf(server, role)));
    const brain = await openBrain({ home: newHome(), name: 'b', model: MODEL, create: true, store: ann });
    opened.push(brain);
    const { id, adapter } = await remember(brain, 'A secret.');
    const { id: brainId } = (await ann!.find('b'))!;
    expect(await bea!.find('b')).toBeUndefined();
    expect(await bea!.brains()).toEqual([]);
    expect(await bea!.since(brainId, 0)).toEqual([]);
    expect(await bea!.getAdapter(brainId, adapter!.sha256)).toBeUndefined();
    const forged = { seen: 2, needs: [], drops: [], events: [{ kind: 'forgotten', memoryId: id, payload: '{}' }] };
    await expect(bea!.commit(brainId, forged)).rejects.toThrow(fails('not_found'));
    await expect(bea!.putAdapter(brainId, 'c'.repeat(64), new Uint8Array(1))).rejects.toThrow(/row-level security/);
    const raw = databaseOf(server, 'bea');
    expect(await raw.query('SELECT * FROM engram.event')).toEqual([]);
    await expect(raw.query('SELECT * FROM engram.event_0')).rejects.toThrow(/permission denied/);
    await expect(raw.query("UPDATE engram.brain SET tenant = 'bea'")).rejects.toThrow(/permission denied/);
    await server.close();
  });
});

describe.skipIf(bin === undefined)('a server', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres(bin!);
  });
  afterAll(() => server.stop());

  const open = (address: string, home = newHome(), create = true): Promise<Brain> =>
    openBrain({ home, name: 'b', model: MODEL, create, store: address });

  it('that refuses a password, has no such database or is not there says so, without the password', async () => {
    const changed = (change: (url: URL) => void): string => {
      const url = new URL(server.address);
      change(url);
      return url.href;
    };
    const cases: [string, string, RegExp][] = [
      [changed((url) => (url.password = 'secret')), 'usage', /refused this user or password/],
      [changed((url) => (url.password = '')), 'usage', /refused this user or password/],
      [changed((url) => (url.pathname = '/none')), 'usage', /does not exist on its server/],
      [changed((url) => (url.port = '1')), 'network', /cannot be reached/],
      [changed((url) => (url.search = '?tenant=nobody')), 'usage', /has no such tenant/],
      [server.address.replace('postgres:', 'https:'), 'usage', /Expected the address of a store/],
    ];
    for (const [address, code, message] of cases) {
      const error = (await open(address).catch((error: unknown) => error)) as Error;
      expect(error, address).toEqual(fails(code));
      expect(error.message).toMatch(message);
      expect(JSON.stringify(error)).not.toMatch(/secret|sesame/);
    }
  });

  it('that is away leaves what is here to read, and nothing to write', async () => {
    const home = newHome();
    const brain = await open(server.address, home);
    const memory = await remember(brain, 'Still here.');
    await server.stop();
    brain.close();
    const again = await open(server.address, home);
    opened.push(again);
    expect(again.memories().map(({ text }) => text)).toEqual(['Still here.']);
    expect(existsSync(await again.adapterFile(memory.id))).toBe(true);
    expect(again.remark).toMatch(/cannot be reached.*nothing can be changed/);
    await expect(remember(again, 'Not now.')).rejects.toThrow(fails('network'));
    server = await startPostgres(bin!);
  });

  it('that is cut off while it commits loses nothing and has nothing twice', async () => {
    const brain = await open(server.address);
    opened.push(brain);
    await remember(brain, 'Before.');
    await server.restart();
    await remember(brain, 'After.');
    expect(brain.history().map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(brain.remark).toBeUndefined();
  });
});
