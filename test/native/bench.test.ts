// `npm run -s bench -- train` on a tiny model: the whole run in the processes it really uses, without peers. Its figures say
// nothing; that there are some, in their places, does.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TINY } from './tiny.js';

interface Result {
  machine: { kernel: string; features: string[] };
  peakGflops: { f32: number };
  rows: Record<string, unknown>[];
}

const MAIN = fileURLToPath(new URL('../../scripts/bench/main.mjs', import.meta.url));

function bench(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'train', '--model', TINY, '--peers', 'none', '--quick', ...args]);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += String(text)));
    child.stderr.on('data', (text) => (stderr += String(text)));
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

describe('the benchmark of a training step', () => {
  it('prints one document with a row for each condition, the quiet one first', async () => {
    const { code, stdout } = await bench(
      '--json',
      '--shapes',
      '4x16',
      '--conditions',
      'one-core,quiet',
      '--no-variants',
    );
    const { peakGflops, rows } = JSON.parse(stdout) as Result;
    expect(code).toBe(0);
    expect(peakGflops.f32).toBeGreaterThan(0);
    expect(rows.map(({ condition }) => condition)).toEqual(['quiet', 'one-core']);
    for (const row of rows) {
      expect(row).toMatchObject({ batch: 4, tokens: 16, rounds: expect.any(Number) as number });
      expect(row['engramMs']).toBeGreaterThan(0);
      expect(row['shareOfPeak']).toBeGreaterThan(0);
      expect(row['shareOfPeak']).toBeLessThan(1);
      expect(row['engramLoss']).toBe(rows[0]!['engramLoss']);
    }
    expect(rows[1]).toHaveProperty('engramOfQuiet');
  });

  it('says of what it had no time for, and of what it cannot do, why', async () => {
    const { stdout } = await bench('--minutes', '0.0001', '--shapes', '1x8');
    expect(stdout).toContain('1x8 quiet, engram: no time left');
    expect(stdout).toContain('upper half of the layers, engram: no time left');
  });

  it.runIf(process.arch === 'x64')('measures as a lesser machine when asked to', async () => {
    const { code, stdout } = await bench(
      '--json',
      '--isa',
      'avx2',
      '--shapes',
      '1x8',
      '--conditions',
      'quiet',
      '--no-variants',
    );
    const { machine, rows } = JSON.parse(stdout) as Result;
    expect({ code, kernel: machine.kernel }).toEqual({ code: 0, kernel: 'avx2' });
    expect(machine.features.filter((feature) => feature.startsWith('avx512'))).toEqual([]);
    expect(rows[0]!['engramMs']).toBeGreaterThan(0);
  });

  it('refuses what is no instruction set with exit code 2', async () => {
    const { code, stderr } = await bench('--isa', 'mmx');
    expect(code).toBe(2);
    expect(stderr).toContain('avx512vnni');
  });

  it('refuses what is no shape with exit code 2', async () => {
    const { code, stdout, stderr } = await bench('--shapes', '8');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('8x64');
  });
});
