// Whom engram's index is compared with, made ready once in the cache: hnswlib-node as npm builds it, usearch for Node, and
// usearch and faiss for Python. One that cannot be had here has a reason instead.
import { cpSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hnswlibFolder } from '../../hnswlib.mjs';
import { nodeGyp } from '../../set-up/node-gyp.mjs';
import { at } from '../../set-up/paths.mjs';
import { note, phase } from '../../set-up/progress.mjs';
import { npm, run } from '../../set-up/run.mjs';
import { cached } from '../cache.mjs';
import { throwIfInterrupted } from '../child.mjs';

const USEARCH = 'usearch@2.26.2';
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

export const PEERS = ['hnswlib-node', 'hnswlib-node+avx2', 'usearch-js', 'usearch', 'faiss'];

/** The peers that are there, and `{ name, why }` for those that are not. `efs` are what each is asked with. */
export async function findIndexPeers({ peers, python: given, efs }) {
  let python;
  const needPython = async () => (python ??= await pythonWithPeers(given));
  const ways = {
    'hnswlib-node': async () => [{ method: 'hnswlib', library: await plainHnswlib(), efs }],
    'hnswlib-node+avx2': async () => [{ method: 'hnswlib', library: hnswlibFolder(), efs }],
    'usearch-js': async () => [{ method: 'usearch', library: await usearch(), efs: [64] }],
    usearch: async () => [{ method: 'usearch-python', python: await needPython(), efs }],
    faiss: async () => [
      { method: 'faiss', python: await needPython(), efs },
      { name: 'faiss-flat', method: 'faiss-flat', python: await needPython(), efs: [undefined] },
    ],
  };
  const found = [];
  for (const name of PEERS.filter((peer) => peers.includes(peer))) {
    try {
      found.push(...(await ways[name]()).map((peer) => ({ name, ...peer })));
    } catch (error) {
      throwIfInterrupted();
      const why = error.message.trim().split('\n').at(-1);
      note(`Without ${name}: ${why}`);
      found.push({ name, why });
    }
  }
  return found;
}

/** A copy of the package, built as npm does it. */
function plainHnswlib() {
  return cached('hnswlib-node-plain', (path) =>
    phase('Building hnswlib-node as npm does, once', async () => {
      mkdirSync(path);
      cpSync(hnswlibFolder(), path, {
        recursive: true,
        filter: (from) => !from.includes(`${join('hnswlib-node', 'build')}`),
      });
      for (const name of ['bindings', 'file-uri-to-path', 'node-addon-api']) {
        cpSync(at('node_modules', name), join(path, 'node_modules', name), { recursive: true });
      }
      await nodeGyp(['rebuild', '--directory', path], { CXXFLAGS: '' });
    }),
  );
}

async function usearch() {
  const folder = await cached('usearch-js', (path) =>
    phase('Installing usearch for Node, once', async () => {
      mkdirSync(path);
      await npm(['install', '--prefix', path, '--ignore-scripts', '--no-save', USEARCH]);
    }),
  );
  const library = createRequire(join(folder, 'index.js')).resolve('usearch');
  await run(process.execPath, ['-e', 'require(process.argv[1])', library]);
  return library;
}

async function pythonWithPeers(given) {
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const make = (path) =>
    phase('Installing usearch and faiss for Python, once', async () => {
      await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', path]);
      await run(join(path, ...inside), ['-m', 'pip', 'install', '-r', REQUIREMENTS]);
    });
  const python = given ?? join(await cached('python-index', make), ...inside);
  await run(python, ['-c', 'import faiss, numpy, usearch']);
  return python;
}
