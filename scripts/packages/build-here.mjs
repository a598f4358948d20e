// `engram build`: compiles the native parts of an installed package for this machine, with its own compiler, into build/Release,
// where they come before those of a platform package. In a checkout that is set-up's work. Nothing is fetched.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { buildNative } from '../set-up/native.mjs';
import { buildHnswlib } from '../set-up/hnswlib.mjs';
import { at } from '../set-up/paths.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { phase } from '../set-up/progress.mjs';
import { checkCompiler } from '../set-up/requirements.mjs';
import { run } from '../set-up/run.mjs';

const FILES = ['engram.node', 'hnswlib.node'];

try {
  if (existsSync(at('binding.gyp'))) {
    await buildNative();
    await buildHnswlib();
  } else {
    await buildHere();
  }
} catch (error) {
  const isOthers = error.code === 'EACCES' || error.code === 'EROFS';
  if (!(error instanceof SetUpProblem) && !isOthers) throw error;
  const hint = isOthers ? ' Run it as the person who installed engram, or install it in a folder of yours.' : '';
  process.stderr.write(`${error.message}${hint}\n`);
  process.exitCode = error.exitCode ?? 1;
}

async function buildHere() {
  if (process.platform === 'win32') {
    throw new SetUpProblem('engram build works on Linux and macOS. On Windows, Node for x64 has a prebuilt package.');
  }
  checkCompiler();
  const folder = at('build', 'here');
  const compiler = process.env.CXX ?? 'c++';
  const mac = process.platform === 'darwin';
  await phase('Compiling the native parts', () =>
    run(process.env.MAKE ?? 'make', [
      ...['-f', at('native', 'Makefile'), `-j${availableParallelism()}`, `CXX=${compiler}`, `OUT=${folder}`],
      'CXXFLAGS=-Wno-error -w',
      `LLAMA_HEADERS=${at('native', 'vendor', 'llama.cpp')}`,
      `HNSWLIB=${at('native', 'vendor', 'hnswlib-node')}`,
      `ADDON_FLAGS=${mac ? '-Wl,-undefined,dynamic_lookup' : ''}`,
      ...(mac ? ['LIBS='] : []),
      ...FILES.map((name) => `${folder}/${name}`),
    ]),
  );
  mkdirSync(at('build', 'Release'), { recursive: true });
  for (const name of FILES) {
    const { status, stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', `${folder}/${name}`]);
    if (status !== 0) throw new SetUpProblem(`What was compiled does not load: ${stderr}`);
    const next = at('build', 'Release', `${name}.next`);
    cpSync(`${folder}/${name}`, next);
    renameSync(next, at('build', 'Release', name));
  }
  process.stderr.write('engram is built for this machine.\n');
}
