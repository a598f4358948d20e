import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngramError } from '../../../src/errors.js';
import { catalog, findEntry } from '../../../src/models/catalog.js';
import { entryNeeds, memoryNeeds, requireMemory, requireRoomToMemorize } from '../../../src/models/fit.js';
import { availableMemory, machineMemory } from '../../../src/models/memory-room.js';

describe('entryNeeds', () => {
  it('grows with the model and the context, and says what it consists of', () => {
    for (const entry of catalog()) {
      const needs = entryNeeds(entry);
      expect(needs.chat).toBeGreaterThan(0);
      expect(needs.training).toBeGreaterThanOrEqual(needs.chat);
    }
    const entry = findEntry('qwen3-0.6b')!;
    expect(entryNeeds(entry, { contextSize: 8192 }).chat).toBeGreaterThan(entryNeeds(entry).chat);
    const { chat, training, parts } = entryNeeds(entry, { memory: 8e9 });
    const { files, repacked, packed, cache, program, memorizing, sharesPacked } = parts;
    expect(chat).toBe(files + repacked + cache + program + (sharesPacked ? packed : 0));
    expect(training).toBe(files + repacked + cache + program + packed + memorizing);
  });

  it('has chat hold a second copy of the weights only where they are small for the machine', () => {
    const entry = findEntry('qwen3-0.6b')!;
    const [small, large] = [entryNeeds(entry, { memory: 2e9 }), entryNeeds(entry, { memory: 64e9 })];
    expect(small.parts.sharesPacked).toBe(false);
    expect(large.parts.sharesPacked).toBe(process.arch === 'x64');
    expect(small.training).toBe(large.training);
  });

  it('is what an 8B model takes, to a tenth of what its weights were measured to', () => {
    const shape = { layers: 32, hiddenSize: 4096, heads: 32, keyValueHeads: 8, headSize: 128, feedForwardSize: 14336 };
    const model = {
      bytes: 4.6e9,
      parameters: 8.03e9,
      shape: { ...shape, vocabularySize: 128_256, contextLength: 8192 },
    };
    const { parts } = memoryNeeds(model, { memory: 16e9, weightBytes: 1 });
    expect(parts.packed).toBeGreaterThan(7.8e9);
    expect(parts.packed).toBeLessThan(8.6e9);
    expect(parts.cache).toBe(2 * 32 * 8 * 128 * 4096 * 2);
  });
});

describe('requireMemory', () => {
  it('throws memory with both figures', () => {
    expect(() => {
      requireMemory(2e9, 'Training qwen3-4b', 1e9);
    }).toThrow(
      expect.objectContaining({ code: 'memory', message: expect.stringContaining('2.0 GB') as string }) as Error,
    );
    expect(() => {
      requireMemory(1, 'It', 1e9);
    }).not.toThrow();
  });

  it('says what memorizing is made of, and which models would fit', () => {
    const needs = entryNeeds(findEntry('qwen3-4b')!, { memory: 16e9 });
    const refused = (available: number): EngramError => {
      try {
        requireRoomToMemorize('qwen3-4b', needs, available);
      } catch (error) {
        return error as EngramError;
      }
      throw new Error('It was let through.');
    };
    const { message, hint, details } = refused(4e9);
    expect(message).toMatch(/^Memorizing with qwen3-4b \(the model's file .* GB, .*weights as training holds them/);
    expect(message).toContain('4.0 GB are free');
    expect(details).toEqual({ needed: needs.training, available: 4e9 });
    const named = catalog().filter(({ name }) => hint!.includes(name));
    expect(named.length).toBeGreaterThan(0);
    for (const entry of named) expect(entryNeeds(entry).training).toBeLessThanOrEqual(4e9);
    expect(refused(1e8).hint).toContain('none of the catalog');
    requireRoomToMemorize('qwen3-4b', needs, needs.training);
  });
});

describe.runIf(process.platform === 'linux')('availableMemory', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'engram-root-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };

  it('is what the system says is available', () => {
    write('proc/meminfo', 'MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n');
    expect(availableMemory(root)).toBe(4_000_000 * 1024);
    expect(availableMemory()).toBeGreaterThan(0);
  });

  it('respects the tightest control group above the process, whose file cache counts as free', () => {
    write('proc/meminfo', 'MemAvailable: 4000000 kB\n');
    write('proc/self/cgroup', '0::/outer/inner\n');
    write('sys/fs/cgroup/outer/inner/memory.max', 'max\n');
    write('sys/fs/cgroup/outer/inner/memory.current', '100\n');
    write('sys/fs/cgroup/outer/memory.max', '1000000\n');
    write('sys/fs/cgroup/outer/memory.current', '700000\n');
    write('sys/fs/cgroup/outer/memory.stat', 'anon 5\ninactive_file 200000\n');
    expect(availableMemory(root)).toBe(500_000);
  });

  it('finds the group of version 1 where it is not the root, and has no limit where there is none', () => {
    write('proc/meminfo', 'MemTotal: 8000 kB\nMemAvailable: 4000 kB\n');
    write('proc/self/cgroup', '9:cpu,cpuacct:/x\n4:memory:/job/7\n0::/\n');
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', '9223372036854771712');
    write('sys/fs/cgroup/memory/memory.usage_in_bytes', '500');
    expect(availableMemory(root)).toBe(4000 * 1024);
    expect(machineMemory(root)).toBe(8000 * 1024);
    write('sys/fs/cgroup/memory/job/7/memory.limit_in_bytes', '3000');
    write('sys/fs/cgroup/memory/job/7/memory.usage_in_bytes', '1000');
    write('sys/fs/cgroup/memory/job/7/memory.stat', 'total_inactive_file 400\n');
    expect(availableMemory(root)).toBe(2400);
    expect(machineMemory(root)).toBe(3000);
  });

  it('is not led out of the groups by a path that climbs', () => {
    write('proc/meminfo', 'MemAvailable: 4000 kB\n');
    write('proc/self/cgroup', '0::/../../../other\n');
    write('other/memory.max', '10');
    expect(availableMemory(root)).toBe(4000 * 1024);
  });

  it('knows version 1 too', () => {
    write('proc/meminfo', 'MemAvailable: 4000000 kB\n');
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', '2000');
    write('sys/fs/cgroup/memory/memory.usage_in_bytes', '500');
    expect(availableMemory(root)).toBe(1500);
  });
});
