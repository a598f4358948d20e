// Where the brains of a run lie: beside the file to resume from, else in a temporary folder; the models are the person's own.
// Not here: what is in the brains.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readSettings } from '../../../dist/cli/options.js';

/** @param {string | undefined} resume the file that a run goes on from */
export function homeOf(resume) {
  const home = resume === undefined ? mkdtempSync(join(tmpdir(), 'engram-bench-')) : `${resolve(resume)}.home`;
  withModels(home);
  return { home, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** The folder as a home that has the models of the person's own. */
export function withModels(home) {
  const own = join(readSettings().home, 'models');
  for (const folder of [home, own]) mkdirSync(folder, { recursive: true });
  const models = join(home, 'models');
  if (!existsSync(models)) symlinkSync(own, models, 'junction');
}
