// A home of its own for a model test, with the models that are installed on this machine and the run's cache
// (model-cache.ts). Not here: pulling them (npm test has).
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { readSettings } from '../../src/config.js';
import { isInstalled, findEntry, modelsFolder } from '../../src/models/index.js';

export interface TestHome {
  path: string;
  remove: () => void;
}

/** Throws if a model is missing. */
export async function testHome(...models: string[]): Promise<TestHome> {
  const { home } = readSettings();
  for (const name of models) {
    const entry = findEntry(name);
    if (entry === undefined || !(await isInstalled(home, entry))) {
      throw new Error(`These tests need ${name}: npm test fetches it, or run npm run -s engram -- models pull ${name}`);
    }
  }
  const path = mkdtempSync(join(tmpdir(), 'engram-home-'));
  symlinkSync(modelsFolder(home), join(path, 'models'));
  symlinkSync(inject('modelCache'), join(path, 'cache'));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
