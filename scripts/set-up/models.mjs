// Fetches the models that engram uses when none is named, with the code that `engram models pull` runs.
import { pathToFileURL } from 'node:url';
import { at } from './paths.mjs';
import { note, phase } from './progress.mjs';
import { SetUpProblem } from './problem.mjs';

/** The defaults, and others by name, into ENGRAM_HOME or else the platform's data folder. */
export async function fetchModels(signal, others = []) {
  const load = (name) => import(pathToFileURL(at('dist', name)).href);
  const { defaultEntry, findEntry, isInstalled, pullModel } = await load('models/index.js');
  const { readSettings } = await load('cli/options.js');
  const folder = readSettings().home;
  for (const entry of [defaultEntry('chat'), defaultEntry('embedding'), ...others.map((name) => findEntry(name))]) {
    if (await isInstalled(folder, entry)) continue;
    await phase(`Fetching the model ${entry.name}`, (update) =>
      pullModel(folder, entry.name, {
        signal,
        onProgress: (progress) => update(inWords(progress)),
        onWait: () => note('Another process is fetching it; waiting …'),
      }).catch((error) => {
        throw new SetUpProblem([error.message, error.hint].filter(Boolean).join('\n'));
      }),
    );
  }
}

function inWords({ source, receivedBytes, totalBytes }) {
  const megabytes = (bytes) => Math.ceil(bytes / 1e6);
  return `${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB, ${source}`;
}
