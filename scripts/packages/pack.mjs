// `npm run pack:all -- --out DIR`: makes the tarball of every package, and SHA256SUMS of them and of what was compiled.
//   --only NAME[,NAME]  these platforms alone (targets.mjs); the main package then names only them
//   --no-lighter        without the dependencies that are published again (lighter.mjs)
// Uses what is compiled already. Nothing is published.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap, exitWith } from '../bootstrap.mjs';
import { at } from '../set-up/paths.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { phase } from '../set-up/progress.mjs';
import { compile } from './compile.mjs';
import { LIGHTER } from './lighter.mjs';
import { stageLighter, stageMain, stageOnnxruntime, stagePlatform } from './stage.mjs';
import { TARGETS } from './targets.mjs';

await exitWith(async () => {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, only: { type: 'string' }, 'no-lighter': { type: 'boolean' } },
  });
  if (values.out === undefined) throw new SetUpProblem('Say where the packages go: npm run pack:all -- --out DIR');
  const platforms = chosen(values.only);
  await bootstrap({ models: false, native: false });
  const out = resolve(process.env.INIT_CWD ?? '.', values.out);
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(out)) if (/\.tgz$|^SHA256SUMS$/.test(name)) rmSync(join(out, name));

  const sums = [];
  const stage = (name) => at('build', 'packages', 'stage', name);
  const pack = (name) => {
    const options = { cwd: stage(name), encoding: 'utf8', maxBuffer: 2 ** 26, shell: process.platform === 'win32' };
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', out];
    const [{ filename, size, unpackedSize }] = JSON.parse(execFileSync('npm', args, options));
    sums.push([sha256(join(out, filename)), filename]);
    console.log(`${filename}  ${megabytes(size)} MB, unpacked ${megabytes(unpackedSize)} MB`);
  };
  for (const platform of platforms) {
    const files = await compile(platform);
    for (const [name, path] of Object.entries(files)) sums.push([sha256(path), `${platform}/${name}`]);
    stagePlatform(stage(platform), platform, files);
    pack(platform);
  }
  await phase('Packing', () => {
    if (values['no-lighter'] !== true) {
      for (const platform of platforms.filter((name) => TARGETS[name].onnxruntime)) {
        stageOnnxruntime(stage(`onnxruntime-${platform}`), platform);
        pack(`onnxruntime-${platform}`);
      }
      for (const name of Object.keys(LIGHTER)) {
        const folder = name.replace('/', '+');
        stageLighter(stage(folder), name);
        pack(folder);
      }
    }
    stageMain(stage('engram'), platforms);
    pack('engram');
  });
  writeFileSync(join(out, 'SHA256SUMS'), sums.map(([sum, name]) => `${sum}  ${name}\n`).join(''));
  return 0;
});

/** All that have every dependency, if none is named. */
function chosen(only) {
  if (only === undefined) return Object.keys(TARGETS).filter((name) => TARGETS[name].lacks === undefined);
  const names = only.split(',');
  const unknown = names.filter((name) => !Object.hasOwn(TARGETS, name));
  if (unknown.length === 0) return names;
  throw new SetUpProblem(`No such platform: ${unknown.join(', ')}. There are: ${Object.keys(TARGETS).join(', ')}`);
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
