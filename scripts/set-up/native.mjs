// Builds the native addon with node-gyp when binding.gyp or a C++ source changed; make then compiles only what it must.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
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

function nodeGyp(args) {
  const program = at('node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  return run(process.execPath, [program, ...args, ...headers()], {
    hint: 'If Node’s headers could not be fetched: npm config set nodedir to where Node is installed.',
  });
}

/** Node is often installed with its headers beside it: then none need be downloaded. npm's own nodedir setting reaches
 * node-gyp through the environment and comes first. */
function headers() {
  if (process.env.npm_config_nodedir !== undefined) return [];
  const prefix = dirname(dirname(process.execPath));
  try {
    const header = readFileSync(join(prefix, 'include', 'node', 'node_version.h'), 'utf8');
    const number = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(header)?.[1];
    const version = `${number('MAJOR')}.${number('MINOR')}.${number('PATCH')}`;
    return version === process.versions.node ? [`--nodedir=${prefix}`] : [];
  } catch {
    return [];
  }
}
