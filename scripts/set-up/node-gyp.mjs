// Runs node-gyp, with Node's own headers where they lie beside it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { at } from './paths.mjs';
import { run } from './run.mjs';

export function nodeGyp(args, env = {}) {
  const program = at('node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  return run(process.execPath, [program, ...args, ...headers()], {
    env,
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
