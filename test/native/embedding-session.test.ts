// The thread that computes embeddings: what is said when it cannot.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../src/embedding/session.js';

describe('a session of onnxruntime', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'engram-session-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('says that a file of engram is missing, where its own is, and blames no model', async () => {
    const missing = pathToFileURL(join(folder, 'worker.mjs'));
    const opened = Session.open(join(folder, 'model.onnx'), 1, missing);
    await expect(opened).rejects.toMatchObject({
      code: 'native',
      message: expect.stringContaining(join(folder, 'worker.mjs')) as string,
      hint: expect.stringContaining('install it again') as string,
    });
  });

  it('leaves it to its caller what a graph that onnxruntime does not take means', async () => {
    const opened = Session.open(new Uint8Array([1, 2, 3]), 1);
    await expect(opened).rejects.not.toHaveProperty('code');
  });
});
