// The parts of `npm test`, from fast to slow, each with how it is run and how its tests are counted. Not here: running them
// (test.mjs).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { at } from './set-up/paths.mjs';
import { filesBelow } from './set-up/stamps.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

const bin = (...path) => [process.execPath, at('node_modules', ...path)];
const vitestReport = (name) => at('build', 'test', `${name}.json`);

/** A part that is one check: it holds or it does not. */
const check = (name, command) => ({ name, command: () => command, count: (code) => single(code === 0) });

const makeProgram = process.env.MAKE ?? 'make';

const single = (held) => ({ passed: held ? 1 : 0, failed: held ? 0 : 1, skipped: 0 });

/** A part that vitest runs: test/<name>. */
const vitest = (name) => ({
  name,
  command() {
    mkdirSync(at('build', 'test'), { recursive: true });
    rmSync(vitestReport(name), { force: true });
    const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport(name)}`];
    return [...bin('vitest', 'vitest.mjs'), 'run', '--project', name, '--passWithNoTests', ...report];
  },
  count(code) {
    if (!existsSync(vitestReport(name))) return single(false);
    const report = JSON.parse(readFileSync(vitestReport(name), 'utf8'));
    // A test file that could not even be loaded has no tests to fail.
    const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
    const failed = report.numFailedTests + broken.length;
    return {
      passed: report.numPassedTests,
      failed: code === 0 ? failed : Math.max(1, failed),
      skipped: report.numPendingTests + report.numTodoTests,
    };
  },
});

/** A part that native/Makefile builds and runs; what it runs ends with `N passed, N failed`, once or more often. What it runs
 * can be compiled before (`compile`), one file after another, while parts run that leave a core idle. */
const make = (name, target, sanitizer = undefined) => ({
  name,
  compile: () => [makeProgram, '-C', at('native'), target, 'COMPILE_ONLY=1'],
  command: () => [makeProgram, '-C', at('native'), `-j${availableParallelism()}`, target],
  skip() {
    if (process.platform === 'win32' || !existsSync(at('native', 'Makefile'))) return 'no make on this platform';
    return sanitizer === undefined || runsWith(sanitizer)
      ? undefined
      : `programs made here with -fsanitize=${sanitizer} do not run`;
  },
  count(code, output) {
    const lines = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)];
    if (lines.length === 0) return single(false);
    const sum = (column) => lines.reduce((total, line) => total + Number(line[column]), 0);
    return { passed: sum(1), failed: code === 0 ? sum(2) : Math.max(1, sum(2)), skipped: 0 };
  },
});

/** Not every compiler has every sanitizer's library, and not every kernel lays out memory as an older library expects. */
function runsWith(sanitizer) {
  const folder = mkdtempSync(join(tmpdir(), 'engram-sanitizer-'));
  try {
    const program = join(folder, 'program');
    const compile = ['-x', 'c++', '-', `-fsanitize=${sanitizer}`, '-o', program];
    const compiled = spawnSync(process.env.CXX ?? 'c++', compile, { input: 'int main() { return 0; }' });
    return compiled.status === 0 && spawnSync(program).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The npm package brings a binary for these platforms only. */
const CLANG_FORMAT = { 'linux x64': 'linux_x64', 'darwin x64': 'darwin_x64', 'darwin arm64': 'darwin_x64' };
const clangFormat = at(
  'node_modules',
  'clang-format',
  'bin',
  CLANG_FORMAT[`${process.platform} ${process.arch}`] ?? 'none',
  'clang-format',
);

export const PARTS = [
  check('lint', [...bin('eslint', 'bin', 'eslint.js'), '.']),
  check('format', [...bin('prettier', 'bin', 'prettier.cjs'), '--check', '.']),
  {
    ...check('clang-format'),
    command: () => [clangFormat, '--dry-run', '--Werror', ...cppFiles()],
    skip: () => (existsSync(clangFormat) ? undefined : 'no clang-format binary for this platform'),
  },
  check('types', [...bin('typescript', 'bin', 'tsc'), '--noEmit']),
  check('page-types', [...bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'page']),
  vitest('unit'),
  vitest('page'),
  vitest('contract'),
  make('core', 'addon'),
  make('core-asan', 'asan', 'address'),
  make('core-tsan', 'tsan', 'thread'),
  make('core-fuzz', 'fuzz-replay', 'address'),
  vitest('native'),
  vitest('model'),
];

function cppFiles() {
  return filesBelow(at('native')).filter((file) => /\.(cpp|hpp)$/.test(file));
}
