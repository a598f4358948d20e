// `npm run pack:check -- DIR`: looks at the packages that pack:all made, without running anything of them: files, versions, sizes,
// what the compiled files need. `--twice NAME` compiles a platform again, in another folder, and compares the bytes. Prints what
// is wrong; ends with 1 then.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exitWith } from '../bootstrap.mjs';
import { at } from '../set-up/paths.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { compile } from './compile.mjs';
import { complaints } from './gates.mjs';
import { readTarball } from './tarball.mjs';
import { TARGETS, packageOf } from './targets.mjs';

await exitWith(async () => {
  const { values, positionals } = parseArgs({ options: { twice: { type: 'string' } }, allowPositionals: true });
  if (positionals.length !== 1) throw new SetUpProblem('Say where the packages are: npm run pack:check -- DIR');
  const folder = resolve(process.env.INIT_CWD ?? '.', positionals[0]);
  const packages = new Map();
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.tgz'))) {
    const one = await readTarball(join(folder, name));
    packages.set(one.manifest.name, one);
  }
  const found = [...wrongTogether(packages)];
  for (const [name, one] of packages) found.push(...wrongAlone(one).map((what) => `${name}: ${what}`));
  if (values.twice !== undefined) found.push(...(await changed(values.twice, packages)));
  for (const what of found) console.log(`✗ ${what}`);
  if (found.length === 0) console.log(`✓ ${packages.size} packages, nothing wrong.`);
  return found.length === 0 ? 0 : 1;
});

function* wrongTogether(packages) {
  const main = packages.get('engram');
  if (main === undefined) return yield 'There is no package engram.';
  for (const [name, version] of Object.entries(main.manifest.optionalDependencies ?? {})) {
    const there = packages.get(name)?.manifest.version;
    if (there !== version) yield `engram wants ${name} ${version}, and ${there ?? 'none'} is there`;
  }
  const all = [...packages.values()].flatMap(({ manifest }) => Object.entries(manifest.dependencies ?? {}));
  for (const [, spec] of all) {
    const [, name, version] = /^npm:(@engram\/.+)@(.+)$/.exec(spec) ?? [];
    if (name !== undefined && packages.get(name)?.manifest.version !== version) yield `${name} ${version} is not there`;
  }
}

function wrongAlone({ manifest, files }) {
  const found = [];
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (manifest.scripts?.[script] !== undefined) found.push(`has the script ${script}`);
  }
  if (files.has('binding.gyp')) found.push('has a binding.gyp, which npm would compile');
  const platform = Object.keys(TARGETS).find((name) => packageOf(name) === manifest.name);
  if (platform === undefined) return found;
  const wanted = ['LICENSE', 'THIRD_PARTY.md', 'engram.node', 'hnswlib.node', 'package.json'];
  if ([...files.keys()].sort().join() !== [...wanted].sort().join())
    found.push(`holds ${[...files.keys()].join(', ')}`);
  for (const name of ['engram.node', 'hnswlib.node']) {
    const bytes = files.get(name);
    if (bytes !== undefined) found.push(...complaints(platform, bytes).map((what) => `${name} ${what}`));
  }
  return found;
}

/** Compiles a platform from nothing, and says which bytes are not those of its package. */
async function changed(platform, packages) {
  const folder = at('build', 'packages-again', platform);
  rmSync(folder, { recursive: true, force: true });
  // Not from zig's cache, which would give the first bytes back.
  const again = await compile(platform, { folder, cache: join(folder, 'cache') });
  const there = packages.get(packageOf(platform))?.files;
  return Object.entries(again).flatMap(([name, path]) =>
    there?.get(name)?.equals(readFileSync(path)) ? [] : [`${platform}/${name} came out otherwise the second time`],
  );
}
