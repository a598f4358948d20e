// What is sent to a browser: how much it is, and that it asks nobody else for anything.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { buildPage } from './built.js';

const MOST_BYTES = 150_000;
let files: { name: string; bytes: Buffer }[] = [];

beforeAll(async () => {
  const folder = await buildPage();
  files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ name, bytes: readFileSync(join(parentPath, name)) }));
});

it('is at most 150 kB when compressed, all files together', () => {
  expect(files.map(({ name }) => name.replace(/-.*\./, '.')).sort()).toEqual(['index.css', 'index.html', 'index.js']);
  const sum = files.reduce((total, { bytes }) => total + gzipSync(bytes).length, 0);
  expect(sum).toBeLessThan(MOST_BYTES);
});

it('has no inline code and names no other host', () => {
  const html = files.find(({ name }) => name === 'index.html')!.bytes.toString();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|\sstyle=/);
  for (const { name, bytes } of files) {
    // Names of namespaces and where marked wants faults reported: nobody fetches them.
    const hosts = [...bytes.toString().matchAll(/https?:\/\/([\w.-]+\.[a-z]{2,})/g)].map(([, host]) => host!);
    expect(
      hosts.filter((host) => !['www.w3.org', 'github.com'].includes(host)),
      name,
    ).toEqual([]);
    expect(bytes.toString(), name).not.toMatch(/\beval\(|new Function\(/);
  }
});
