// Adapters that are imported, merged, made smaller or built into a model.
import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('adapters import', () => {
  it('passes on what it was given, and says what the adapter says of itself', async () => {
    const api = new FakeApi();
    const { stdout, stderr, code } = await runCli(['adapters', 'import', './x', '--name', 'c', '--model', 'm'], {
      api,
    });
    expect(code).toBe(0);
    expect(stdout).toBe('Imported c: rank 8, 4.0 kB, for m.\n');
    expect(stderr).toContain('It says it was trained on org/m; its matrices fit m.');
    expect(api.engine.combined[0]!.slice(1)).toMatchObject(['./x', { name: 'c', replace: false }]);
    expect(api.opened).toMatchObject([{ model: 'm', lazy: true }]);
    expect((await runCli(['adapters', 'import', './x'], { api })).code).toBe(2);
  });
});

describe('adapters merge, shrink, fuse', () => {
  it('pass on what they were given and say what came of it', async () => {
    const api = new FakeApi();
    const flags = ['--name', 'c', '--weights', '0.5,-1', '--rank', '8'];
    const merge = await runCli(['adapters', 'merge', 'a', 'b', ...flags], { api });
    expect(merge.code).toBe(0);
    expect(merge.stdout).toContain('Merged a and b into c: rank 8, 1,000 numbers, 4.0 kB.\nCut off: 10%');
    expect(api.engine.combined[0]!.slice(1)).toMatchObject([
      [
        { name: 'a', weight: 0.5 },
        { name: 'b', weight: -1 },
      ],
      { name: 'c', rank: 8, replace: false },
    ]);
    await runCli(['adapters', 'shrink', 'a', '--name', 'd', '--budget', '4', '--replace'], { api });
    expect(api.engine.combined[1]!.slice(1)).toMatchObject(['a', { name: 'd', budget: 4, replace: true }]);
    const fuse = await runCli(['adapters', 'fuse', 'a', '--out', 'm.gguf', '--type', 'q8_0', '--model', 'm'], { api });
    expect(fuse.stdout).toBe('Wrote /x/m.gguf: 900 MB, 210 tensors changed.\n');
    expect(api.engine.combined[2]!.slice(1)).toMatchObject([
      [{ name: 'a' }],
      { output: 'm.gguf', type: 'q8_0', replace: false },
    ]);
  });

  it('need a weight for each adapter, and what is required', async () => {
    const api = new FakeApi();
    const weights = await runCli(['adapters', 'merge', 'a', 'b', '--name', 'c', '--weights', '1'], { api });
    expect(weights).toMatchObject({ code: 2, stderr: expect.stringContaining('2 adapters and 1 --weights') as string });
    for (const argv of [
      ['merge', 'a'],
      ['merge', '--name', 'c'],
      ['shrink', 'a'],
      ['fuse', 'a'],
    ]) {
      expect((await runCli(['adapters', ...argv], { api })).code).toBe(2);
    }
    expect(api.engine.combined).toEqual([]);
  });
});
