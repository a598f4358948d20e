// Prints the folder with llama.cpp's headers, of the very version that node-llama-cpp brings: its package carries the source
// as a git bundle, from which they are taken once. binding.gyp and native/Makefile ask for it. Nothing of it is compiled.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const HEADERS = ['include/llama.h'].concat(
  ['ggml', 'ggml-alloc', 'ggml-backend', 'ggml-cpu', 'ggml-opt', 'gguf'].map((name) => `ggml/include/${name}.h`),
);

const library = dirname(dirname(createRequire(import.meta.url).resolve('node-llama-cpp')));
const bundle = join(library, 'llama', 'gitRelease.bundle');
const version = createHash('sha256').update(readFileSync(bundle)).digest('hex').slice(0, 12);
const folder = join(root, 'build', `llama-headers-${version}`);
if (!existsSync(folder)) extract();
console.log(folder.replaceAll('\\', '/'));

function extract() {
  mkdirSync(join(root, 'build'), { recursive: true });
  const work = mkdtempSync(join(root, 'build', 'llama-headers-'));
  try {
    const repository = join(work, 'source');
    git(['clone', '--quiet', '--bare', bundle, repository]);
    const out = join(work, 'include');
    mkdirSync(out);
    for (const header of HEADERS) {
      const content = git(['--git-dir', repository, 'show', `HEAD:${header}`]);
      writeFileSync(join(out, header.slice(header.lastIndexOf('/') + 1)), content);
    }
    renameSync(out, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function git(args) {
  try {
    return execFileSync('git', args, { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    console.error('engram needs git to build: llama.cpp’s headers come in a git bundle.');
    process.exit(1);
  }
}
