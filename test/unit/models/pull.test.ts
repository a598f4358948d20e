import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CatalogEntry, CatalogFile } from '../../../src/models/catalog.js';
import { pullModel, type PullOptions, type PullProgress } from '../../../src/models/pull.js';
import { listModels, removeModel } from '../../../src/models/store.js';
import { serveFiles, type FileServer } from './file-server.js';

// A pull waits for the disk a few times, which takes milliseconds, or seconds on a disk that is busy.
vi.setConfig({ testTimeout: 30_000 });

const WEIGHTS = randomBytes(300_000);
const CONFIG = Buffer.from('{"hidden_size": 8}');
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const huggingFace = (file: string) => ({ kind: 'huggingface', repo: 'someone/tiny', file, revision: 'main' }) as const;

const BOTH: CatalogFile[] = [
  { path: 'onnx/weights.bin', bytes: WEIGHTS.length, sha256: sha256(WEIGHTS), sources: [huggingFace('weights.bin')] },
  { path: 'config.json', bytes: CONFIG.length, sha256: sha256(CONFIG), sources: [huggingFace('config.json')] },
];
const FILES = BOTH.slice(0, 1);

const entryWith = (files: CatalogFile[]): CatalogEntry => ({
  name: 'tiny-model',
  description: '',
  role: 'chat',
  architecture: 'llama',
  parameters: 1,
  licence: 'Apache-2.0',
  aliases: ['tiny'],
  shape: {
    layers: 1,
    hiddenSize: 1,
    heads: 1,
    keyValueHeads: 1,
    headSize: 1,
    feedForwardSize: 1,
    vocabularySize: 1,
    contextLength: 1,
  },
  files,
});

let home: string;
let server: FileServer;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'engram-pull-'));
  server = await serveFiles({ 'weights.bin': WEIGHTS, 'config.json': CONFIG });
});
afterEach(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const weightsPath = (): string => join(home, 'models', 'tiny-model', 'onnx', 'weights.bin');

const pull = (options: PullOptions = {}, files = FILES) =>
  pullModel(home, 'tiny', { entries: [entryWith(files)], environment: { HF_ENDPOINT: server.endpoint }, ...options });

/** Makes the server send only the beginning of the weights, once, and then drop the connection. */
function breakOffOnce(after: number): void {
  server.interfere = (_, response, content) => {
    if (content !== WEIGHTS) return false;
    server.interfere = undefined;
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
}

describe('pullModel', () => {
  it('fetches what is missing, reports progress, records it, and does nothing the second time', async () => {
    const progress: PullProgress[] = [];
    const pulled = await pull({ onProgress: (each) => progress.push(each) }, BOTH);
    expect(pulled).toMatchObject({ name: 'tiny-model', fetched: true, unverified: [] });
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);
    expect(progress.at(0)).toMatchObject({ file: 'onnx/weights.bin', receivedBytes: 0, totalBytes: WEIGHTS.length });
    expect(progress.filter((each) => each.file === 'onnx/weights.bin').at(-1)?.receivedBytes).toBe(WEIGHTS.length);

    const [status] = await listModels(home, [entryWith(BOTH)]);
    expect(status).toMatchObject({ installed: true, record: { files: { 'config.json': { verified: true } } } });
    const before = server.requests.length;
    expect(await pull({}, BOTH)).toMatchObject({ fetched: false });
    expect(server.requests).toHaveLength(before);
    expect(server.requests[0]?.path).toBe('/someone/tiny/resolve/main/weights.bin');
    expect(await readdir(dirname(weightsPath()))).toEqual(['weights.bin']);
  });

  it('goes on where an earlier pull stopped', async () => {
    await mkdir(dirname(weightsPath()), { recursive: true });
    await writeFile(`${weightsPath()}.part`, WEIGHTS.subarray(0, 100_000));
    await pull();
    expect(server.requests[0]?.range).toBe('bytes=100000-');
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);
  });

  it('goes on by itself when the connection breaks off', async () => {
    breakOffOnce(120_000);
    await pull();
    expect(server.requests.filter(({ path }) => path.endsWith('weights.bin')).at(-1)?.range).toBe('bytes=120000-');
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);
  });

  it('starts over when what was there does not fit what comes', async () => {
    await mkdir(dirname(weightsPath()), { recursive: true });
    await writeFile(`${weightsPath()}.part`, Buffer.alloc(100_000, 'x'));
    await pull();
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);
  });

  it('starts over when more was there than the file has', async () => {
    await mkdir(dirname(weightsPath()), { recursive: true });
    await writeFile(`${weightsPath()}.part`, Buffer.alloc(WEIGHTS.length + 5, 'x'));
    await pull();
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);
  });

  it('copes with a server that knows no ranges', async () => {
    await mkdir(dirname(weightsPath()), { recursive: true });
    await writeFile(`${weightsPath()}.part`, WEIGHTS.subarray(0, 100_000));
    server.interfere = (_, response, content) => {
      response.writeHead(200).end(content);
      return true;
    };
    await pull();
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);
  });

  it('refuses a wrong file and removes it', async () => {
    const wrong = FILES.map((file) => ({ ...file, sha256: sha256(Buffer.from('another')) }));
    await expect(pull({}, wrong)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('its hash is wrong') as string,
    });
    expect(await readdir(dirname(weightsPath()))).toEqual([]);
    const [status] = await listModels(home, [entryWith(wrong)]);
    expect(status?.installed).toBe(false);
  });

  it('takes a file without a hash as it comes, and says so', async () => {
    const unhashed = FILES.map(({ path, bytes, sources }) => ({ path, bytes, sources }));
    expect(await pull({}, unhashed)).toMatchObject({ unverified: ['onnx/weights.bin'] });
    const [status] = await listModels(home, [entryWith(unhashed)]);
    expect(status?.record?.files['onnx/weights.bin']).toMatchObject({ verified: false, sha256: sha256(WEIGHTS) });
  });

  it('is fetched once when pulled twice at once', async () => {
    let waited = 0;
    server.interfere = (request, response, content) => {
      if (content !== WEIGHTS || request.headers.range !== undefined) return false;
      setTimeout(() => response.writeHead(200).end(content), 150);
      return true;
    };
    const results = await Promise.all([pull({ onWait: () => waited++ }, BOTH), pull({ onWait: () => waited++ }, BOTH)]);
    expect(results.map(({ fetched }) => fetched).sort()).toEqual([false, true]);
    expect(waited).toBe(1);
    expect(server.requests).toHaveLength(2);
  });

  it('can be cancelled, and keeps what had come', async () => {
    const cancel = new AbortController();
    server.interfere = (_, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 90_000));
      return true;
    };
    const onProgress = ({ receivedBytes }: PullProgress) => {
      if (receivedBytes >= 90_000) {
        setTimeout(() => {
          cancel.abort();
        }, 20);
      }
    };
    await expect(pull({ signal: cancel.signal, onProgress })).rejects.toMatchObject({ code: 'cancelled' });
    expect((await stat(`${weightsPath()}.part`)).size).toBe(90_000);
    server.interfere = undefined;
    await pull();
    expect(server.requests[1]?.range).toBe('bytes=90000-');
    await expect(pull({ signal: AbortSignal.abort() })).resolves.toMatchObject({ fetched: false });
  });

  it('touches no network offline', async () => {
    await expect(pull({ offline: true })).rejects.toMatchObject({
      code: 'offline',
      hint: expect.stringContaining('engram models pull tiny-model') as string,
    });
    expect(server.requests).toEqual([]);
    await pull();
    await expect(pull({ offline: true })).resolves.toMatchObject({ fetched: false });
  });

  it('sends the token, and says what a refusal may mean', async () => {
    server.interfere = (_, response) => {
      response.writeHead(401).end();
      return true;
    };
    const environment = { HF_ENDPOINT: `${server.endpoint}/`, HF_TOKEN: 'secret' };
    await expect(pull({ environment })).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('answered 401') as string,
      hint: expect.stringContaining('HF_TOKEN') as string,
    });
    expect(server.requests[0]?.authorization).toBe('Bearer secret');
  });

  it('tries the sources in order and says what each answered', async () => {
    const missing = FILES.map((file) => ({
      ...file,
      sources: [huggingFace('not-there.bin'), huggingFace('nor-this.bin'), ...file.sources],
    }));
    await pull({}, missing);
    expect(await readFile(weightsPath())).toEqual(WEIGHTS);

    await removeModel(home, 'tiny', [entryWith(FILES)]);
    const hopeless = FILES.map((file) => ({ ...file, sources: [huggingFace('a'), huggingFace('b')] }));
    const failure = pull({}, hopeless);
    await expect(failure).rejects.toMatchObject({ code: 'network' });
    await expect(failure).rejects.toThrow(/someone\/tiny: .*answered 404[^]*someone\/tiny: .*answered 404/);
  });

  it('asks a host that cannot be reached once', async () => {
    const gone = server.endpoint;
    await server.close();
    const started = Date.now();
    await expect(pull({ environment: { HF_ENDPOINT: gone } })).rejects.toThrow(/cannot be reached \(ECONNREFUSED\)/);
    // Even if something listened there now, this process would not ask again.
    await expect(pull({ environment: { HF_ENDPOINT: gone } })).rejects.toMatchObject({ code: 'network' });
    expect(Date.now() - started).toBeLessThan(2_000);
    server = await serveFiles({});
  });

  it('says when there is no room, before anything is fetched', async () => {
    const huge = FILES.map((file) => ({ ...file, bytes: 1e17 }));
    await expect(pull({}, huge)).rejects.toMatchObject({ code: 'disk' });
    expect(server.requests).toEqual([]);
  });

  it('says when the home cannot be written', async () => {
    const blocked = join(home, 'file');
    await writeFile(blocked, '');
    const entries = [entryWith(FILES)];
    await expect(pullModel(blocked, 'tiny', { entries })).rejects.toMatchObject({ code: 'disk' });
  });

  it('knows only the names of the catalog', async () => {
    await expect(pullModel(home, 'tinny', { entries: [entryWith(FILES)] })).rejects.toMatchObject({
      code: 'not_found',
      hint: 'Did you mean tiny-model?',
    });
  });
});

describe('removeModel', () => {
  it('frees what a model takes, also one that was half fetched', async () => {
    await pull();
    expect(await removeModel(home, 'tiny', [entryWith(FILES)])).toBeGreaterThan(WEIGHTS.length);
    expect(await readdir(join(home, 'models'))).toEqual([]);
    await expect(removeModel(home, 'tiny', [entryWith(FILES)])).rejects.toMatchObject({ code: 'not_found' });
    await expect(removeModel(home, 'nobody', [entryWith(FILES)])).rejects.toMatchObject({ code: 'not_found' });
    await mkdir(dirname(weightsPath()), { recursive: true });
    await writeFile(`${weightsPath()}.part`, 'half');
    expect(await removeModel(home, 'tiny', [entryWith(FILES)])).toBe(4);
  });
});
