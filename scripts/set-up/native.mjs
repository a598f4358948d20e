// Builds the native addon with node-gyp when binding.gyp or a C++ source changed; make then compiles only what it must.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { nodeGyp } from './node-gyp.mjs';
import { ROOT, at } from './paths.mjs';
import { phase } from './progress.mjs';
import { checkBuildTools } from './requirements.mjs';
import { run } from './run.mjs';
import { filesBelow, hashOf, isStamped, stamp, unstamp } from './stamps.mjs';

/** What the addon is made of; tests and benchmarks of the core are built by native/Makefile. */
const SOURCES = ['core', 'generate', 'binding'];
const ADDON = at('build', 'Release', 'engram.node');

export async function buildNative() {
  if (!existsSync(at('binding.gyp'))) return;
  const files = SOURCES.flatMap((folder) => filesBelow(at('native', folder)));
  const tools = [process.version, process.arch, process.env.CXX ?? '', process.env.CXXFLAGS ?? ''];
  const content = hashOf([at('binding.gyp'), ...files], tools);
  if (isStamped('native', content) && existsSync(ADDON)) return;
  checkBuildTools();
  unstamp('native');
  await phase('Building the native core', async () => {
    // node-gyp writes the list of sources into its makefiles, so a new file means configuring again.
    const names = files.map((file) => relative(ROOT, file));
    const layout = hashOf([at('binding.gyp')], [...tools, ...names]);
    if (!isStamped('native-layout', layout) || !existsSync(at('build', 'config.gypi'))) {
      unstamp('native-layout');
      await nodeGyp(['configure']);
      stamp('native-layout', layout);
    }
    await nodeGyp(['build', `--jobs=${availableParallelism()}`]);
    // A function that is declared and nowhere defined is only found now.
    await run(process.execPath, ['-e', 'require(process.argv[1])', ADDON]);
  });
  stamp('native', content);
}
