// What must be on the machine before anything can be installed or built. Each missing piece gets a sentence that says what to
// do. Looked for only where it is needed, so that a second start costs nothing.
import { spawnSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { ROOT, at } from './paths.mjs';
import { SetUpProblem } from './problem.mjs';

/** Room that dependencies (with the GPU back ends of llama.cpp) and build take, bytes. */
const ROOM = 2.5e9;

/** Throws unless this Node is new enough. */
export function checkNode() {
  const { engines } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const least = /(\d+)\.(\d+)/.exec(engines.node);
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = [Number(least[1]), Number(least[2])];
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new SetUpProblem(
    `engram needs Node ${leastMajor}.${leastMinor} or newer; this is ${process.versions.node}. Install a newer one from nodejs.org or with your version manager.`,
  );
}

export function checkRoom() {
  const { bavail, bsize } = statfsSync(ROOT);
  const free = bavail * bsize;
  if (free >= ROOM) return;
  throw new SetUpProblem(
    `Too little disk space: the dependencies need ${gigabytes(ROOM)}, and ${gigabytes(free)} are free at ${ROOT}. Free some and try again.`,
  );
}

/** Throws unless the native core can be built: a C++20 compiler, make, git, Python 3 for node-gyp. On Windows node-gyp looks for
 * Visual Studio itself and says what it lacks. */
export function checkBuildTools() {
  if (process.platform === 'win32') return;
  const missing = missingCompiler();
  if (spawnSync('git', ['--version']).status !== 0) missing.push('git');
  if (spawnSync(process.env.PYTHON ?? 'python3', ['--version']).status !== 0) missing.push('Python 3');
  refuse(missing);
}

/** Throws unless there are a C++20 compiler and make, which is what a published package is compiled with. */
export function checkCompiler() {
  refuse(missingCompiler());
}

function missingCompiler() {
  const missing = [];
  const compiler = process.env.CXX ?? 'c++';
  const [command, ...flags] = compiler.split(' ');
  const probe = '#include <bit>\n#include <span>\nstatic_assert(std::has_single_bit(4u));\nstd::span<int> s;\n';
  const compiled = spawnSync(command, [...flags, '-std=c++20', '-x', 'c++', '-fsyntax-only', '-'], { input: probe });
  if (compiled.error !== undefined) missing.push(`a C++20 compiler (${compiler} was not found)`);
  else if (compiled.status !== 0)
    missing.push(`a newer C++ compiler: ${compiler} does not compile C++20 (GCC 11 or Clang 14 does)`);
  if (spawnSync(process.env.MAKE ?? 'make', ['--version']).status !== 0) missing.push('make');
  return missing;
}

function refuse(missing) {
  if (missing.length === 0) return;
  const how = {
    linux:
      'On Debian or Ubuntu: sudo apt install build-essential git python3. On Fedora: sudo dnf install gcc-c++ make git python3.',
    darwin: 'On macOS: xcode-select --install.',
  }[process.platform];
  throw new SetUpProblem(`To build its native core engram needs ${missing.join(', and ')}. ${how ?? ''}`);
}

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
