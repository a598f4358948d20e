// The embedder on the real model: what files may be missing or broken, folders side by side, the event loop while it computes.
// Not here: what every embedder does (test/contract/embedder.test.ts).
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmbedder } from '../../src/embedding/index.js';
import { embeddingModel } from '../support/models.js';

let root: string;
let source: string;
let copies = 0;
const WEIGHTS = join('onnx', 'model_q4.onnx_data');
/** A folder of its own with the model in it. */
function copy(options: { name?: string; weights?: boolean } = {}): string {
  const { name = `copy${++copies}`, weights = false } = options;
  const folder = join(root, name);
  cpSync(source, folder, { recursive: true, filter: (path) => weights || !path.endsWith(WEIGHTS) });
  if (!weights) writeFileSync(join(folder, WEIGHTS), ''); // stands for 54 MB where they are not read
  return folder;
}
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );
const largest = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

beforeAll(async () => {
  source = await embeddingModel();
  root = mkdtempSync(join(tmpdir(), 'engram-embedding-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('loading', () => {
  it('says which files are missing, and how to get them', async () => {
    const files = [
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'onnx/model_q4.onnx',
      'onnx/model_q4.onnx_data',
    ];
    for (const file of files) {
      const folder = copy();
      rmSync(join(folder, file));
      await expect(loadEmbedder({ folder })).rejects.toMatchObject({
        code: 'not_found',
        message: expect.stringContaining(file) as string,
        hint: expect.stringContaining('models pull') as string,
      });
    }
    await expect(loadEmbedder({ folder: join(root, 'nowhere') })).rejects.toMatchObject({ code: 'not_found' });
    await expect(loadEmbedder({ folder: source, dtype: 'fp32' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses broken files', async () => {
    const breaking: Record<string, (folder: string) => void> = {
      'a configuration that is no JSON': (folder) => {
        writeFileSync(join(folder, 'config.json'), '{');
      },
      'a tokenizer that is no JSON': (folder) => {
        writeFileSync(join(folder, 'tokenizer.json'), 'x');
      },
      'a graph cut short': (folder) => {
        truncateSync(join(folder, 'onnx', 'model_q4.onnx'), 30_000);
      },
      'an empty graph': (folder) => {
        truncateSync(join(folder, 'onnx', 'model_q4.onnx'), 0);
      },
      'a graph of noise': (folder) => {
        writeFileSync(
          join(folder, 'onnx', 'model_q4.onnx'),
          Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251),
        );
      },
      'weights cut short': (folder) => {
        writeFileSync(join(folder, WEIGHTS), readFileSync(join(source, WEIGHTS)).subarray(0, 20_000_000));
      },
    };
    const received: Record<string, unknown> = {};
    for (const [what, breakIt] of Object.entries(breaking)) {
      const folder = copy();
      breakIt(folder);
      received[what] = await codeOf(loadEmbedder({ folder }));
    }
    expect(received).toEqual(Object.fromEntries(Object.keys(breaking).map((what) => [what, 'corrupt'])));
  });

  it('refuses weights of noise when they give no numbers', async () => {
    const folder = copy();
    const { size } = statSync(join(source, WEIGHTS));
    writeFileSync(join(folder, WEIGHTS), Buffer.alloc(size, 0xff)); // every float is no number
    const embedder = await loadEmbedder({ folder });
    expect(await codeOf(embedder.embed(['text']))).toBe('corrupt');
    await embedder.close();
  });
});

describe('two embedders', () => {
  it('of different folders, loaded at once, keep apart; the name of a folder may be any', async () => {
    const changed = copy({ name: 'a b/größe 你好', weights: true });
    const tokenizer = JSON.parse(readFileSync(join(changed, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number> };
    };
    const { vocab } = tokenizer.model;
    [vocab['cat'], vocab['piano']] = [vocab['piano']!, vocab['cat']!];
    writeFileSync(join(changed, 'tokenizer.json'), JSON.stringify(tokenizer));
    const [one, other] = await Promise.all([loadEmbedder({ folder: source }), loadEmbedder({ folder: changed })]);
    const [[cat, piano], [swapped]] = await Promise.all([one.embed(['cat', 'piano']), other.embed(['cat'])]);
    expect(largest(swapped!, piano!)).toBeLessThan(1e-5);
    expect(largest(swapped!, cat!)).toBeGreaterThan(1e-2);
    await one.close();
    expect(largest((await other.embed(['cat']))[0]!, piano!)).toBeLessThan(1e-5);
    await other.close();
  });
});

describe('all-MiniLM-L6-v2', () => {
  it('in four bits is near what sentence-transformers computes in 32', async () => {
    const path = new URL('../fixtures/golden/sentence-embeddings.json', import.meta.url);
    const golden = JSON.parse(readFileSync(path, 'utf8')) as { texts: string[]; minilm: { vectors: number[][] } };
    const embedder = await loadEmbedder({ folder: source });
    for (const [i, vector] of (await embedder.embed(golden.texts)).entries()) {
      const cosine = vector.reduce((sum, value, d) => sum + value * golden.minilm.vectors[i]![d]!, 0);
      expect(cosine, golden.texts[i]).toBeGreaterThan(0.85);
    }
    await embedder.close();
  });
});

describe('a long list of texts', () => {
  it('lets other work through, is cancelled in between, and ends when it is closed', async () => {
    const embedder = await loadEmbedder({ folder: source });
    const texts = Array.from({ length: 32 }, (_, i) => `Text ${i}: ${'the river runs to the sea '.repeat(40)}`);
    const abort = new AbortController();
    const cancelled = embedder.embed(texts, { signal: abort.signal });
    setTimeout(() => {
      abort.abort();
    }, 20);
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    const interrupted = codeOf(embedder.embed(texts));
    await embedder.embed(['short']);
    await embedder.close();
    expect(await interrupted).toBe('usage');
  });
});
