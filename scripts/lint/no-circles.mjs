// A lint rule: no file of src imports, through others, itself; types count too. The direction between rooms is another rule
// (eslint.config.js); this one is for the inside of a room.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const FROM = /^(?:import|export)\b[^;]*?\bfrom\s+'(\.[^']+)'/gm;

/** Files that a file imports, once read. Doors of rooms lead back to what is behind them and are left out. */
const imports = new Map();

/** @param {string} file @param {string} [text] @returns {string[]} */
function importsOf(file, text = readFileSync(file, 'utf8')) {
  const known = imports.get(file);
  if (known !== undefined) return known;
  const found = Array.from(text.matchAll(FROM), ([, path = '']) =>
    resolve(dirname(file), path.replace(/\.js$/, '.ts')),
  );
  const files = found.filter((path) => !path.endsWith('index.ts') && existsSync(path));
  imports.set(file, files);
  return files;
}

/** The way from a file back to itself, if there is one. @param {string} file @returns {string[] | undefined} */
function circleOf(file) {
  const seen = new Set();
  const ways = importsOf(file).map((next) => [next]);
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const at = way[way.length - 1] ?? file;
    if (at === file) return way;
    if (seen.has(at)) continue;
    seen.add(at);
    for (const next of importsOf(at)) ways.push([...way, next]);
  }
  return undefined;
}

/** @type {import('eslint').Rule.RuleModule} */
export const noCircles = {
  meta: { type: 'problem', schema: [], messages: { circle: 'This file imports itself by way of {{way}}.' } },
  create: (context) => ({
    Program: (node) => {
      const way = circleOf(context.filename);
      if (way === undefined) return;
      const names = way.map((file) => file.replace(/^.*\/src\//, ''));
      context.report({ node, messageId: 'circle', data: { way: names.join(' → ') } });
    },
  }),
};
