// Packs engram and uses it from an empty project, as ESM, as CommonJS and with types, without the optional peers:
//   node scripts/check-package.mjs            dependencies linked from this checkout: seconds, no network
// What npm makes of the published packages: npm run pack:try (docs/packages.md).
// Another Node: npx --ignore-scripts=false -p node@24 node scripts/check-package.mjs. Prints what it found; ends with 1 if anything is wrong.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { at } from './set-up/paths.mjs';

const ENTRIES = ['engram', 'engram/chain', 'engram/gradient', 'engram/client'];

const folder = mkdtempSync(join(tmpdir(), 'engram-package-'));
const run = (command, args, options = {}) => execFileSync(command, args, { cwd: folder, encoding: 'utf8', ...options });

try {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: at('.') }),
  );
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const tarball = join(folder, packed.filename);
  link(tarball);
  console.log(`${packed.files.length} files, ${(packed.size / 1e6).toFixed(1)} MB packed; Node ${process.version}`);

  const use = `const home = ${JSON.stringify(join(folder, 'home'))};
    (async () => {
      const engram = await all[0].Engram.open({ home, lazy: true });
      const models = await engram.models.list();
      if (!models.some(({ entry }) => entry.name === 'smollm2-135m-instruct')) throw new Error('no catalog');
      const gradient = new all[2].Gradient({ home, offline: true });
      const refused = await gradient.getModelAdapter({ modelAdapterId: 'none' }).catch((error) => error);
      if (!(refused instanceof all[0].EngramError) || refused.code !== 'not_found') throw refused;
      if (all[1].deduce([], []).length !== 0) throw new Error('chain');
      const fetch = () => Promise.resolve(new Response('{"data": []}'));
      if ((await new all[3].EngramClient({ fetch }).brains()).length !== 0) throw new Error('client');
      // Without its peer, unless a folder above this one has it, Node says which package is missing.
      const peerless = await import('engram/langchain').then(() => undefined, (error) => error);
      if (peerless !== undefined && !peerless.message.includes("'@langchain/core'")) throw peerless;
      console.log('works');
    })();`;
  const imports = ENTRIES.map((entry, i) => `import * as e${i} from '${entry}';`).join('\n');
  writeFileSync(join(folder, 'esm.mjs'), `${imports}\nconst all = [e0, e1, e2, e3];\n${use}`);
  writeFileSync(
    join(folder, 'cjs.cjs'),
    `const all = ${JSON.stringify(ENTRIES)}.map((entry) => require(entry));\n${use}`,
  );
  for (const file of ['esm.mjs', 'cjs.cjs']) console.log(`${file}: ${run(process.execPath, [file]).trim()}`);

  const typed = `import { Engram, type Receipt } from 'engram';
    import { chain } from 'engram/chain';
    import { EngramClient, type JobView } from 'engram/client';
    import { Gradient } from 'engram/gradient';
    export async function learn(engram: Engram): Promise<Receipt> { return engram.memories.add('The kiln is blue.'); }
    export const two = (engram: Engram) => chain<{ a: number }>(engram).step('b', ({ a }) => a + 1);
    export const told = (client: EngramClient): Promise<JobView> => client.remember('default', 'The kiln is blue.');
    // @ts-expect-error -- no such option
    new Gradient({ colour: 'blue' });\n`;
  for (const name of ['typed.mts', 'typed.cts']) writeFileSync(join(folder, name), typed);
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', '--types', 'node'];
  for (const mode of ['node20', 'nodenext']) {
    run(process.execPath, [
      at('node_modules/typescript/bin/tsc'),
      ...options,
      '--module',
      mode,
      'typed.mts',
      'typed.cts',
    ]);
    console.log(`types, ${mode}: sound`);
  }
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '', error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The package unpacked beside links to the dependencies that it names, and to nothing else. */
function link(tarball) {
  const place = join(folder, 'node_modules', 'engram');
  mkdirSync(place, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const to = join(folder, 'node_modules', name);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(at('node_modules', name), to);
  }
}
