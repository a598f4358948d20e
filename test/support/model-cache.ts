// One cache folder for the homes of all model tests of a run: what is computed once for a model (hashes of its files, its own
// answers, whether it writes lessons) would be computed in each home. Not here: homes (home.ts); what is kept after the run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder. */
    modelCache: string;
  }
}

/** Called by vitest before the first test file; what it returns after the last. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'engram-cache-'));
  project.provide('modelCache', folder);
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
