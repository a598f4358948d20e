// Lays out each package in a folder of its own, as it will be packed. Not here: compiling (compile.mjs), packing (pack.mjs).
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { at } from '../set-up/paths.mjs';
import { filesBelow } from '../set-up/stamps.mjs';
import { LIGHTER, aliasOf, onnxruntimeOf } from './lighter.mjs';
import { TARGETS, packageOf } from './targets.mjs';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

export const root = () => read(at('package.json'));

/** The program itself: what `files` in package.json names, with a manifest that names the platforms' packages and the lighter
 * dependencies, and the foreign sources that `engram build` compiles. No script is left for npm to run. */
export function stageMain(folder, platforms) {
  fresh(folder);
  const options = { cwd: at('.'), encoding: 'utf8', maxBuffer: 2 ** 26, shell: process.platform === 'win32' };
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options));
  for (const { path } of files) copy(at(path), join(folder, path));

  const { scripts: _scripts, devDependencies: _devDependencies, dependencies, ...manifest } = root();
  // Its own install would compile; its addon comes with ours.
  delete dependencies['hnswlib-node'];
  for (const name of Object.keys(LIGHTER)) dependencies[name] = aliasOf(name, dependencies[name]);
  manifest.dependencies = dependencies;
  manifest.optionalDependencies = Object.fromEntries(platforms.map((name) => [packageOf(name), manifest.version]));
  manifest.files = [...manifest.files, 'native/vendor'];
  write(folder, manifest);

  const headers = execFileSync(process.execPath, [at('scripts', 'llama-headers.mjs')], { encoding: 'utf8' }).trim();
  cpSync(headers, join(folder, 'native', 'vendor', 'llama.cpp'), { recursive: true });
  const hnswlib = at('node_modules', 'hnswlib-node');
  cpSync(join(hnswlib, 'src'), join(folder, 'native', 'vendor', 'hnswlib-node'), { recursive: true });
}

/** The compiled files of one platform; `files`: their paths by name. */
export function stagePlatform(folder, platform, files) {
  fresh(folder);
  for (const [name, path] of Object.entries(files)) copy(path, join(folder, name));
  for (const name of ['LICENSE', 'THIRD_PARTY.md']) copy(at(name), join(folder, name));
  const { version, license } = root();
  describe(folder, platform, {
    name: packageOf(platform),
    version,
    description: `The native parts of engram for ${platform}`,
    license,
    files: [...Object.keys(files), 'THIRD_PARTY.md'],
  });
}

/** A dependency without what is not needed here. */
export function stageLighter(folder, name) {
  fresh(folder);
  copy(at('THIRD_PARTY.md'), join(folder, 'THIRD_PARTY.md'));
  const from = at('node_modules', name);
  const { package: newName, leaves, edit, patch = {} } = LIGHTER[name];
  for (const file of filesBelow(from)) {
    const path = relative(from, file).replaceAll('\\', '/');
    if (path.startsWith('node_modules/') || leaves(path)) continue;
    copy(file, join(folder, path));
  }
  for (const [path, [before, after]] of Object.entries(patch)) {
    const text = readFileSync(join(folder, path), 'utf8');
    if (text.split(before).length !== 2) throw new Error(`${name}/${path} is not what lighter.mjs knows.`);
    writeFileSync(
      join(folder, path),
      text.replace(before, () => after),
    );
  }
  const { scripts: _scripts, devDependencies: _devDependencies, ...manifest } = read(join(from, 'package.json'));
  edit(manifest);
  if (manifest.files !== undefined) manifest.files = [...manifest.files, 'THIRD_PARTY.md'];
  write(folder, {
    ...manifest,
    name: newName,
    description: `${name} without what engram does not run; not by its authors. ${manifest.description ?? ''}`.trim(),
  });
}

/** onnxruntime's files for one platform. */
export function stageOnnxruntime(folder, platform) {
  fresh(folder);
  copy(at('THIRD_PARTY.md'), join(folder, 'THIRD_PARTY.md'));
  const from = at('node_modules', 'onnxruntime-node');
  const bin = join(from, 'bin', 'napi-v6', ...TARGETS[platform].onnxruntime.split('/'));
  const names = filesBelow(bin).map((file) => relative(bin, file));
  for (const name of names) {
    // On a Mac the library lies there twice, and the binding asks for the short name.
    if (/^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(name)) continue;
    copy(join(bin, name), join(folder, name));
  }
  const { version, license, repository } = read(join(from, 'package.json'));
  describe(folder, platform, {
    name: onnxruntimeOf(platform),
    version,
    description: `The files of onnxruntime-node ${version} for ${platform}, as published there`,
    license,
    repository,
  });
}

/** Writes a manifest that npm installs on one platform only. */
function describe(folder, platform, manifest) {
  const { os, cpu, libc } = TARGETS[platform];
  write(folder, { ...manifest, os: [os], cpu: [cpu], ...(libc && { libc: [libc] }), preferUnplugged: true });
}

function fresh(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function copy(from, to) {
  if (!lstatSync(from).isFile()) return;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

const write = (folder, manifest) => {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
};
