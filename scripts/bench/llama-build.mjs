// llama.cpp's own programs, llama-bench and llama-server, each built once for this processor from the sources that node-llama-cpp's
// package brings. A build that was interrupted goes on where it stopped.
import { copyFileSync, createReadStream, existsSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { cpuInfo } from '../../dist/training/index.js';
import { at } from '../set-up/paths.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';
import { cached } from './cache.mjs';

const SOURCES = at('node_modules', 'node-llama-cpp', 'llama');
const HINT = 'It is built once, with git, cmake and a C++ compiler.';
const OFF = ['BUILD_SHARED_LIBS', 'LLAMA_CURL', 'LLAMA_OPENSSL', 'LLAMA_USE_PREBUILT_UI'];
const LEFT_OUT = ['TESTS', 'EXAMPLES', 'APP', 'UI'].map((part) => `LLAMA_BUILD_${part}`);
const SETTINGS = {
  CMAKE_BUILD_TYPE: 'Release',
  GGML_NATIVE: 'ON',
  ...Object.fromEntries([...OFF, ...LEFT_OUT].map((name) => [name, 'OFF'])),
};
const EXE = process.platform === 'win32' ? '.exe' : '';

/** @param {'llama-bench' | 'llama-server'} program
 * @returns {Promise<{ path: string, version: string }>} where it is, and which llama.cpp it is. Throws SetUpProblem. */
export async function buildLlama(program) {
  const bundle = join(SOURCES, 'gitRelease.bundle');
  if (!existsSync(bundle)) throw new SetUpProblem("node-llama-cpp's package has no sources of llama.cpp.");
  const id = await identity(bundle);
  const path = await cached(`${program}-${id}${EXE}`, async (unfinished) => {
    for (const tool of ['git', 'cmake']) await run(tool, ['--version'], { hint: HINT });
    const source = await cached(`llama.cpp-${id}`, (folder) =>
      run('git', ['clone', '--quiet', '-c', 'advice.detachedHead=false', bundle, folder], { hint: HINT }),
    );
    await phase(`Building ${program}, once; this takes minutes`, () => build(source, program));
    copyFileSync(findBuilt(join(source, 'build', 'bin'), `${program}${EXE}`), unfinished);
    rmSync(source, { recursive: true, force: true });
  });
  const { tag } = JSON.parse(readFileSync(join(SOURCES, 'llama.cpp.info.json'), 'utf8'));
  return { path, version: tag };
}

async function build(source, program) {
  const folder = join(source, 'build');
  const wanted = { ...SETTINGS, LLAMA_BUILD_SERVER: program === 'llama-server' ? 'ON' : 'OFF' };
  const settings = Object.entries(wanted).map(([name, value]) => `-D${name}=${value}`);
  await run('cmake', ['-S', source, '-B', folder, ...settings], { hint: HINT });
  const jobs = String(availableParallelism());
  const command = ['cmake', '--build', folder, '--config', 'Release', '--target', program, '--parallel', jobs];
  if (process.platform !== 'win32') command.unshift('nice', '-n', '19');
  await run(command[0], command.slice(1), { hint: HINT });
}

/** Visual Studio puts what it builds into a folder for each configuration. */
function findBuilt(folder, file) {
  const path = [join(folder, file), join(folder, 'Release', file)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new SetUpProblem(`It was built, but not as ${join(folder, file)}.`);
  return path;
}

/** Of sources and processor: what was built for one processor may not run on another. */
async function identity(bundle) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(bundle)) hash.update(chunk);
  hash.update(JSON.stringify([process.arch, cpus()[0]?.model, cpuInfo().features]));
  return hash.digest('hex').slice(0, 12);
}
