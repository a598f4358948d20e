// What `require('engram')` gets: the ESM build itself, through a line of CommonJS for each entry of package.json, so that a
// program that mixes both has one copy of every class and of the weights; Node requires ESM from 20.19 on. The types are the same
// files, in a folder that says it is CommonJS.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { at } from './paths.mjs';
import { filesBelow } from './stamps.mjs';

export const CJS = at('dist', 'cjs');

export function writeCommonJs() {
  rmSync(CJS, { recursive: true, force: true });
  for (const file of filesBelow(at('dist')).filter((path) => path.endsWith('.d.ts'))) {
    cpSync(file, join(CJS, relative(at('dist'), file)));
  }
  const { exports } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  for (const { require: entry } of Object.values(exports)) {
    if (entry === undefined) continue;
    const path = at(entry.default);
    const esm = relative(dirname(path), at('dist', relative(CJS, path))).replaceAll('\\', '/');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `'use strict';\nmodule.exports = require('${esm}');\n`);
  }
  writeFileSync(join(CJS, 'package.json'), '{ "type": "commonjs" }\n');
}
