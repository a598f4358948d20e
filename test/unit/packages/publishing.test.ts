// What is published: the manifests of the packages, their order, and the functions of Node that an addon for Windows forwards.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findCompiled, howToGetAddon, packageOf, platformName } from '../../../src/prebuilt.js';
// @ts-expect-error -- a script without types
import { forZig } from '../../../scripts/packages/compile.mjs';
// @ts-expect-error -- a script without types
import { LIGHTER, aliasOf } from '../../../scripts/packages/lighter.mjs';
// @ts-expect-error -- a script without types
import { inOrder } from '../../../scripts/packages/order.mjs';
// @ts-expect-error -- a script without types
import { TARGETS, packageOf as packageOfScripts } from '../../../scripts/packages/targets.mjs';
// @ts-expect-error -- a script without types
import { forwarders, namesOf } from '../../../scripts/packages/windows.mjs';

interface Manifest {
  name: string;
  version: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const manifestOf = (path: string) =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')) as Manifest;

describe('the platform', () => {
  it('has the name that its package is published under', () => {
    expect(packageOf('linux-x64')).toBe((packageOfScripts as typeof packageOf)('linux-x64'));
    expect(platformName()).toMatch(new RegExp(`^${process.platform}-${process.arch}(-musl)?$`));
  });

  it('has no file that was never made, and a checkout is told to build', () => {
    expect(findCompiled('none.node')).toBeUndefined();
    expect(howToGetAddon()).toContain('npm run build:native');
  });
});

describe('the manifest', () => {
  it('has no script that npm would run on install', () => {
    const scripts = Object.keys(manifestOf('package.json').scripts ?? {});
    expect(scripts.filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  it('of each lighter dependency keeps what Node needs, and only that', () => {
    const edited = Object.entries(LIGHTER as Record<string, { edit: (manifest: Manifest) => void }>).map(
      ([name, { edit }]) => {
        const manifest = manifestOf(`node_modules/${name}/package.json`);
        edit(manifest);
        return [name, manifest] as const;
      },
    );
    const by = Object.fromEntries(edited);
    const binaries = Object.keys(by['node-llama-cpp']?.optionalDependencies ?? {});
    expect(binaries).toContain('@node-llama-cpp/linux-x64');
    expect(binaries.filter((name) => /cuda|vulkan/.test(name))).toEqual([]);
    const { dependencies } = by['@huggingface/transformers']!;
    expect(dependencies).not.toHaveProperty('onnxruntime-web');
    expect(dependencies).toMatchObject({ 'onnxruntime-node': 'npm:@engram/onnxruntime-node@1.30.0' });
    expect(by['onnxruntime-node']?.dependencies).toEqual({ 'onnxruntime-common': '1.30.0' });
    expect(by['onnxruntime-node']?.optionalDependencies).toHaveProperty('@engram/onnxruntime-linux-x64', '1.30.0');
    expect((aliasOf as (name: string, version: string) => string)('node-llama-cpp', '1.2.3')).toBe(
      'npm:@engram/node-llama-cpp@1.2.3',
    );
  });
});

it('a package is published after those that it names, whatever the order they were found in', () => {
  const one = (name: string, dependencies = {}) => ({ manifest: { name, version: '1.0.0', dependencies } });
  const found = [
    one('engram', { '@engram/a': '1.0.0', b: 'npm:@engram/b@1.0.0', other: '2.0.0' }),
    one('@engram/b', { '@engram/c': '1.0.0' }),
    one('@engram/c'),
    one('@engram/a'),
  ];
  const ordered = (inOrder as (packages: typeof found) => typeof found)(found).map(({ manifest }) => manifest.name);
  expect([...ordered].sort()).toEqual(['@engram/a', '@engram/b', '@engram/c', 'engram']);
  expect(ordered.indexOf('@engram/c')).toBeLessThan(ordered.indexOf('@engram/b'));
  expect(ordered.at(-1)).toBe('engram');
});

it('an addon for Windows forwards each function of its Node-API version', () => {
  const names = (namesOf as (version: number) => string[])(8);
  expect(names).toEqual(expect.arrayContaining(['napi_create_function', 'napi_create_threadsafe_function']));
  expect(names).not.toContain('node_api_create_syntax_error'); // of version 9
  const source = (forwarders as (names: string[]) => string)(names);
  for (const name of names) expect(source).toContain(`GetProcAddress(host, "${name}")`);
});

it('knows each platform by what npm calls it', () => {
  for (const [name, { os, cpu }] of Object.entries(TARGETS as Record<string, { os: string; cpu: string }>)) {
    expect(name.startsWith(`${os}-${cpu}`)).toBe(true);
  }
});

it("the kernels of ARM's later instruction sets get flags that zig knows", () => {
  const script = fileURLToPath(new URL('../../../native/kernels.mjs', import.meta.url));
  const kernels = execFileSync(process.execPath, [script, 'make'], { encoding: 'utf8' });
  expect((forZig as (kernels: string) => string[])(kernels)).toEqual([
    'FLAGS_int8_dotprod=-mcpu=generic+v8_2a+dotprod',
    'FLAGS_int8_i8mm=-mcpu=generic+v8_2a+dotprod+i8mm',
  ]);
});
