// Adapters of a store in a bucket, over a real PostgreSQL and a server that speaks S3's protocol. Without the latter only what needs no
// server: addresses and keys.
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrain, type Brain } from '../../src/brain/index.js';
import { openS3, openStore, readAddress, readBucket, Store } from '../../src/store/index.js';
import { TINY } from '../fakes/memorizer.js';
import { newReceipt } from '../fakes/results.js';
import { findPostgres, startPostgres, type Server } from '../support/postgres.js';
import { findS3, startS3, type S3Server } from '../support/s3.js';

const fails = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ name: 'EngramError', code, message: expect.stringMatching(message) as string }) as unknown;
const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'secret' };
const [postgres, s3] = [findPostgres(), findS3()];
const START_MS = 600_000;

it.each(['s3://', 's3:/bucket', 'bucket', 's3://B_ucket', 'https://bucket', 's3://a'])(
  '%s is no place for adapters',
  (place) => {
    expect(() => readBucket(place)).toThrow(/such as s3:\/\/bucket\/prefix/);
    expect(() => readAddress(`postgres://h/d?adapters=${place}`)).toThrow(/such as s3:\/\/bucket\/prefix/);
  },
);

it('the place is read out of the address of a store, and is no part of the address of its database', () => {
  const { url, adapters, tenant } = readAddress('postgres://h/d?adapters=s3://team/engram/&tenant=team');
  expect([url.href, tenant]).toEqual(['postgres://h/d', 'team']);
  expect(readBucket(adapters!)).toEqual({ bucket: 'team', prefix: 'engram/' });
});

it('keys that are missing, and servers that are none, are said', async () => {
  await expect(openS3('s3://team', {})).rejects.toEqual(fails('usage', /no keys/));
  await expect(openS3('s3://team', { ...KEYS, AWS_ENDPOINT_URL: 'minio:9000' })).rejects.toEqual(
    fails('usage', /minio:9000/),
  );
  const blobs = await openS3('s3://team', { ...KEYS, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
  await expect(blobs.get('x')).rejects.toEqual(fails('network', /s3:\/\/team\/, cannot be reached/));
});

describe.skipIf(postgres === undefined || s3 === undefined)('adapters in a bucket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'engram-s3-'));
  let server: Server;
  let bucket: S3Server;
  beforeAll(async () => {
    server = await startPostgres(postgres!);
    bucket = await startS3(s3!, 'team');
  }, START_MS);
  afterAll(async () => {
    await bucket.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  let homes = 0;
  const storeWith = async (place: string): Promise<Store> => {
    const plain = await openStore(server.address);
    const database = await plain.ready();
    return new Store(database, await openS3(place, bucket.env));
  };
  const open = (store: Store, name: string): Promise<Brain> =>
    openBrain({ home: join(folder, `${++homes}`), name, store, model: TINY, create: true });
  const remember = (brain: Brain, text: string): Promise<string> =>
    brain.write('memorizing', async (writer) => {
      const id = writer.newId(text);
      await writeFile(writer.newAdapterPath(id), `adapter of ${text}`);
      await writer.remember({ id, text, receipt: newReceipt(id) });
      return id;
    });

  it('are put before their event, fetched by their hash, and go with their memory', { timeout: START_MS }, async () => {
    const store = await storeWith('s3://team/engram');
    const brain = await open(store, 'one');
    const id = await remember(brain, 'Bo runs the kiln.');
    const { id: brainId } = (await store.find('one'))!;
    const { sha256 } = brain.held(id).adapter!;
    expect(await bucket.list('team')).toEqual([`engram/${brainId}/${sha256}`]);
    const rows = await (await store.ready()).query('SELECT data IS NULL AS elsewhere FROM engram.adapter');
    expect(rows).toEqual([{ elsewhere: true }]);

    const other = await open(store, 'one');
    expect((await readFile(await other.adapterFile(id))).toString()).toBe('adapter of Bo runs the kiln.');
    await other.write('forgetting', (writer) => writer.forget(id));
    expect(await bucket.list('team')).toEqual([]);
  });

  it(
    'are asked for by name where a machine does not know the place, and stay in the database where they were',
    { timeout: START_MS },
    async () => {
      const plain = await openStore(server.address);
      const old = await remember(await open(plain, 'two'), 'Ann lives in Ulm.');
      const store = await storeWith('s3://team');
      const brain = await open(store, 'two');
      const id = await remember(brain, 'Bo runs the kiln.');
      expect(await brain.check()).toEqual([]);
      const blind = await open(plain, 'two');
      expect((await readFile(await blind.adapterFile(old))).toString()).toBe('adapter of Ann lives in Ulm.');
      await expect(blind.adapterFile(id)).rejects.toEqual(fails('usage', /outside of its database/));
      const { id: brainId } = (await store.find('two'))!;
      await (await openS3('s3://team', bucket.env)).remove(`${brainId}/${brain.held(id).adapter!.sha256}`);
      await expect((await open(store, 'two')).adapterFile(id)).rejects.toEqual(fails('corrupt', /missing/));
    },
  );

  it('that cannot be put are committed by nobody', { timeout: START_MS }, async () => {
    const nowhere = await open(await storeWith('s3://nosuch'), 'three');
    await expect(remember(nowhere, 'Bo runs the kiln.')).rejects.toEqual(fails('usage', /NoSuchBucket/));
    expect(nowhere.history()).toHaveLength(1);
  });
});
