import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, freeSpace, requireSpace, sha256File, withLock, writeFileAtomic } from '../../src/files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engram-files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('writeFileAtomic', () => {
  it('writes and replaces, makes folders, and leaves nothing else behind', async () => {
    const path = join(folder, 'a', 'b', 'file.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file.json']);
  });

  it('keeps the old file and cleans up when it cannot write', async () => {
    await mkdir(join(folder, 'taken'));
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toMatchObject({ code: 'disk' });
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('says so when a folder of the path is a file', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(writeFileAtomic(join(folder, 'file', 'x'), 'x')).rejects.toMatchObject({ code: 'disk' });
  });
});

describe('sha256File', () => {
  it('hashes, counts bytes and can be cancelled', async () => {
    const path = join(folder, 'file');
    const content = Buffer.alloc(3_000_000, 'engram');
    await writeFile(path, content);
    let bytes = 0;
    const hash = await sha256File(path, { onBytes: (more) => (bytes += more) });
    expect(hash).toBe(createHash('sha256').update(content).digest('hex'));
    expect(bytes).toBe(content.length);
    await expect(sha256File(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    await expect(sha256File(join(folder, 'none'))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('requireSpace', () => {
  it('knows the space of a folder that does not exist yet, and refuses what cannot fit', async () => {
    const path = join(folder, 'not', 'yet');
    expect(await freeSpace(path)).toBeGreaterThan(0);
    await expect(requireSpace(path, 1, 'a byte')).resolves.toBeUndefined();
    await expect(requireSpace(path, 1e18, 'the world')).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('No room for the world') as string,
    });
  });
});

describe('withLock', () => {
  it('lets one in at a time', async () => {
    const path = join(folder, 'brain');
    let inside = 0;
    const enter = () =>
      withLock(path, { doing: 'testing' }, async () => {
        expect(++inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside--;
      });
    await Promise.all([enter(), enter(), enter()]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('throws locked when the other does not go away, and lets go when the action fails', async () => {
    const path = join(folder, 'brain');
    await withLock(path, { doing: 'testing' }, async () => {
      const second = withLock(path, { doing: 'training the brain', waitMs: 0 }, () => Promise.resolve());
      await expect(second).rejects.toMatchObject({ code: 'locked', message: 'Another process is training the brain.' });
    });
    await expect(withLock(path, { doing: 'x' }, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await expect(withLock(path, { doing: 'x', waitMs: 0 }, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('stops waiting when cancelled', async () => {
    const path = join(folder, 'brain');
    await withLock(path, { doing: 'testing' }, async () => {
      const cancel = new AbortController();
      const onWait = () => {
        cancel.abort();
      };
      const second = withLock(path, { doing: 'x', signal: cancel.signal, onWait }, () => Promise.resolve());
      await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    });
  });

  it('passes over the lock of a process that was killed', async () => {
    const path = join(folder, 'brain');
    await mkdir(`${path}.lock`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    await expect(withLock(path, { doing: 'x', waitMs: 0 }, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('holds across processes', async () => {
    const path = join(folder, 'brain');
    const script = join(folder, 'holder.cjs');
    // The other process takes the lock as proper-lockfile does: by making the folder.
    await writeFile(
      script,
      `require('fs').mkdirSync(process.argv[2] + '.lock'); process.send('held'); setInterval(() => {}, 1000);`,
    );
    const child = fork(script, [path]);
    try {
      await new Promise((resolve) => child.once('message', resolve));
      const waiting = withLock(path, { doing: 'x', waitMs: 50 }, () => Promise.resolve());
      await expect(waiting).rejects.toMatchObject({ code: 'locked' });
    } finally {
      child.kill();
    }
  });
});

describe.skipIf(process.platform !== 'linux')('makeFolder', () => {
  it('gives up where no folder can ever be made', async () => {
    await expect(makeFolder('/proc/engram-test/below')).rejects.toMatchObject({ code: 'disk' });
  });
});
