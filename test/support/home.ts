// A home of its own for a model test, with the models that are installed on this machine and the run's cache
// (model-cache.ts). Not here: pulling them (npm test has).
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { readSettings } from '../../src/cli/options.js';
import { isInstalled, findEntry, modelsFolder } from '../../src/models/index.js';

export interface TestHome {
  path: string;
  /** An environment in which this is the home of a program that names none. */
  env: NodeJS.ProcessEnv;
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
  const data = mkdtempSync(join(tmpdir(), 'engram-home-'));
  const path = join(data, 'engram');
  mkdirSync(path);
  symlinkSync(modelsFolder(home), join(path, 'models'));
  symlinkSync(inject('modelCache'), join(path, 'cache'));
  return {
    path,
    env: { ...process.env, XDG_DATA_HOME: data, LOCALAPPDATA: data },
    remove: () => {
      rmSync(data, { recursive: true, force: true });
    },
  };
}
