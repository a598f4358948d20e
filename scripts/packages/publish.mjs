// Publishes the packages of a folder: those of the platforms and the dependencies first, engram last, so that at no moment a version
// of it names what is not there. A package whose version is there already is left as it is. For the workflow of a release, which
// alone may publish; `--dry-run` only says what would be done.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exitWith } from '../bootstrap.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { inOrder } from './order.mjs';
import { readTarball } from './tarball.mjs';

await exitWith(async () => {
  const { values, positionals } = parseArgs({ options: { 'dry-run': { type: 'boolean' } }, allowPositionals: true });
  if (positionals.length !== 1)
    throw new SetUpProblem('Say where the packages are: node scripts/packages/publish.mjs DIR');
  const folder = resolve(positionals[0]);
  const files = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const packages = await Promise.all(files.map(async (file) => ({ file, ...(await readTarball(join(folder, file))) })));
  for (const { file, manifest } of inOrder(packages)) {
    const id = `${manifest.name}@${manifest.version}`;
    if (npm(['view', id, 'version']).stdout.trim() === manifest.version) {
      console.log(`${id} is there already`);
      continue;
    }
    const args = ['publish', join(folder, file), '--access=public', '--provenance', '--ignore-scripts'];
    if (values['dry-run']) args.push('--dry-run');
    const { status, stderr } = npm(args);
    if (status !== 0) throw new SetUpProblem(`${stderr}\n${id} could not be published.`);
    console.log(`${id} published`);
  }
  return 0;
});

function npm(args) {
  return spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
}
