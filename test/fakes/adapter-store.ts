// A store of adapters that keeps none: what merge, shrink and fuse are asked is written down.
import type { Api } from '../../src/cli/api.js';
import { EngramError } from '../../src/errors.js';

/** Writes into `calls` what it was asked. */
export function fakeStore(calls: unknown[][]): Api['AdapterStore'] {
  type Store = InstanceType<Api['AdapterStore']>;
  const merged = (name: string): Awaited<ReturnType<Store['merge']>> => ({
    adapter: {
      ...{ name, path: 'p', bytes: 4000 },
      manifest: {
        ...{ format: 1, name, createdAt: '2026-01-02', rank: 8, alpha: 8, targets: ['q'], layers: [0, 1] },
        ...{
          losses: [],
          trainedTokens: 9,
          base: { name: 'm', sha256: 'a', architecture: 'llama', heads: 1, keyValueHeads: 1 },
        },
      },
    },
    ...{ ranks: [{ weight: 'w', before: 9, after: 8, error: 0.1 }], alpha: 8, error: 0.1, parameters: 1000 },
  });
  return class {
    list(): ReturnType<InstanceType<Api['AdapterStore']>['list']> {
      return Promise.resolve({ adapters: [], broken: [{ name: 'old', problem: 'it lacks a file' }] });
    }
    import(...args: Parameters<Store['import']>): ReturnType<Store['import']> {
      calls.push(['import', ...args]);
      return Promise.resolve({ adapter: merged(args[1].name).adapter, saysBase: 'org/m' });
    }
    export(name: string, format: string, out: string): Promise<string[]> {
      return Promise.resolve([`${out}/${name}.${format}`]);
    }
    remove(name: string): Promise<void> {
      return Promise.reject(new EngramError('not_found', `There is no adapter "${name}".`));
    }
    merge(...args: Parameters<Store['merge']>): ReturnType<Store['merge']> {
      calls.push(['merge', ...args]);
      return Promise.resolve(merged(args[1].name));
    }
    shrink(...args: Parameters<Store['shrink']>): ReturnType<Store['shrink']> {
      calls.push(['shrink', ...args]);
      return Promise.resolve(merged(args[1].name));
    }
    fuse(...args: Parameters<Store['fuse']>): ReturnType<Store['fuse']> {
      calls.push(['fuse', ...args]);
      args[1].onProgress?.(0.5);
      return Promise.resolve({ path: '/x/m.gguf', bytes: 9e8, tensors: 210 });
    }
  };
}
