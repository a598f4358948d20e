import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalog, findEntry } from '../../../src/models/catalog.js';
import { availableMemory, entryNeeds, requireMemory } from '../../../src/models/fit.js';

describe('entryNeeds', () => {
  it('is near what SmolLM2-135M was measured to take', () => {
    const needs = entryNeeds(findEntry('smollm2-135m-instruct')!);
    expect(needs.chat).toBeGreaterThan(350e6);
    expect(needs.chat).toBeLessThan(700e6);
    expect(needs.training).toBeGreaterThan(1e9);
    expect(needs.training).toBeLessThan(2.5e9);
  });

  it('grows with the model, the context and the step', () => {
    for (const entry of catalog()) {
      const needs = entryNeeds(entry);
      expect(needs.chat).toBeGreaterThan(0);
      expect(needs.training).toBeGreaterThanOrEqual(needs.chat);
    }
    const entry = findEntry('qwen3-0.6b')!;
    expect(entryNeeds(entry, { contextSize: 8192 }).chat).toBeGreaterThan(entryNeeds(entry).chat);
    expect(entryNeeds(entry, { batchTokens: 1024 }).training).toBeGreaterThan(entryNeeds(entry).training);
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

  it('knows version 1 too', () => {
    write('proc/meminfo', 'MemAvailable: 4000000 kB\n');
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', '2000');
    write('sys/fs/cgroup/memory/memory.usage_in_bytes', '500');
    expect(availableMemory(root)).toBe(1500);
  });
});
