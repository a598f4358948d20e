// Everything between a fresh clone and a program that runs: dependencies, native addon, TypeScript, models. Does only what is
// not done yet; when nothing changed that is a second. Used by start, test and run; `node scripts/bootstrap.mjs` does it alone.
import { pathToFileURL } from 'node:url';
import { installDependencies, installed } from './set-up/dependencies.mjs';
import { buildHnswlib } from './set-up/hnswlib.mjs';
import { alone } from './set-up/lock.mjs';
import { fetchModels } from './set-up/models.mjs';
import { buildNative } from './set-up/native.mjs';
import { buildPage } from './set-up/page.mjs';
import { Interrupted, SetUpProblem } from './set-up/problem.mjs';
import { note } from './set-up/progress.mjs';
import { checkNode } from './set-up/requirements.mjs';
import { endTools, startLog } from './set-up/run.mjs';
import { buildTypeScript } from './set-up/typescript.mjs';

/**
 * Sets everything up.
 * @param {{ models?: boolean, native?: boolean, others?: string[] }} options `models`: fetch the default models too (default true),
 *   into ENGRAM_HOME or else the platform's data folder; `native`: compile the addons for this machine (default true); `others`:
 *   models of the catalog beside them.
 * @throws SetUpProblem, which a person can understand.
 */
export async function bootstrap({ models = true, native = true, others = [] } = {}) {
  checkNode();
  const interrupted = new AbortController();
  const onSignal = () => {
    interrupted.abort();
    endTools();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await alone(async () => {
      startLog();
      const fresh = !installed();
      if (fresh) note('Setting up engram: dependencies, native core, models. This is done once.');
      const addons = native ? [buildNative, buildHnswlib] : [];
      for (const step of [installDependencies, ...addons, buildTypeScript, buildPage]) {
        await step();
        if (interrupted.signal.aborted) throw new Interrupted();
      }
    });
    if (models) await fetchModels(interrupted.signal, others);
  } catch (error) {
    if (interrupted.signal.aborted) throw new Interrupted();
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Runs `main` and ends the process with the exit code it returns; a set-up problem is told in words, without a stack. */
export async function exitWith(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetUpProblem)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await exitWith(() => bootstrap());
