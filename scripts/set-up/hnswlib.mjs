// Builds the addon of hnswlib-node in its own folder, which npm would have done (slower code) had it been allowed to run
// install scripts.
import { join } from 'node:path';
import { buildEnvironment, hnswlibFolder, isBuilt } from '../hnswlib.mjs';
import { nodeGyp } from './node-gyp.mjs';
import { phase } from './progress.mjs';
import { checkBuildTools } from './requirements.mjs';
import { run } from './run.mjs';
import { filesBelow, hashOf, isStamped, stamp, unstamp } from './stamps.mjs';

export async function buildHnswlib() {
  const folder = hnswlibFolder();
  const env = buildEnvironment();
  const files = ['package.json', 'binding.gyp', 'src'].flatMap((name) => filesBelow(join(folder, name)));
  const tools = [process.version, process.arch, process.env.CXX ?? '', env.CXXFLAGS ?? ''];
  const content = hashOf(files, tools);
  if (isStamped('hnswlib', content) && isBuilt(folder)) return;
  checkBuildTools();
  unstamp('hnswlib');
  await phase('Building the vector index', async () => {
    await nodeGyp(['rebuild', '--directory', folder], env);
    await run(process.execPath, ['-e', 'require(process.argv[1])', folder]);
  });
  stamp('hnswlib', content);
}
