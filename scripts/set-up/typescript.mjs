// Compiles src to dist when it changed, and copies what is not TypeScript.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { CJS, writeCommonJs } from './cjs.mjs';
import { PAGE } from './page.mjs';
import { at } from './paths.mjs';
import { phase } from './progress.mjs';
import { run } from './run.mjs';
import { filesBelow, hashOf, isStamped, stamp, unstamp } from './stamps.mjs';

export async function buildTypeScript() {
  const sources = filesBelow(at('src'));
  const configuration = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'scripts/set-up/cjs.mjs'].map((name) =>
    at(name),
  );
  const content = hashOf([...sources, ...configuration]);
  if (isStamped('typescript', content) && sources.every((source) => existsSync(outputOf(source)))) return;
  unstamp('typescript');
  await phase('Compiling the TypeScript', async () => {
    removeOrphans(sources);
    if (!sources.every((source) => existsSync(outputOf(source)))) {
      // tsc believes its notes and would not write again a file that was deleted.
      rmSync(at('build', 'tsconfig.tsbuildinfo'), { force: true });
    }
    await run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
    for (const source of sources.filter((path) => !path.endsWith('.ts'))) {
      mkdirSync(dirname(outputOf(source)), { recursive: true });
      copyFileSync(source, outputOf(source));
    }
    writeCommonJs();
  });
  stamp('typescript', content);
}

function outputOf(source) {
  const path = relative(at('src'), source);
  return join(at('dist'), path.endsWith('.d.ts') ? path : path.replace(/\.ts$/, '.js'));
}

/** Deletes output whose source is gone, lest something still imports it. */
function removeOrphans(sources) {
  const outputs = new Set(sources.map(outputOf));
  const isOurs = (path) => !path.startsWith(CJS) && !path.startsWith(PAGE);
  for (const file of filesBelow(at('dist')).filter(isOurs)) {
    const main = file.replace(/\.d\.ts$|\.js\.map$|\.d\.ts\.map$/, '.js');
    if (!outputs.has(file) && !outputs.has(main)) rmSync(file);
  }
}
