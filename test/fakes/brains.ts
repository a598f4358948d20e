// Brains without files: there is one, and what is held is in it; others have names only.
import type { Engine } from '../../src/cli/api.js';
import { EngramError } from '../../src/errors.js';
import type { Memory } from '../../src/index.js';

const TINY = { name: 'tiny', sha256: 'a'.repeat(64) };

/** Writes into `removed` what was to be removed. */
export function fakeBrains(held: readonly Memory[], removed: string[]): Engine['brains'] {
  const remembered = (): Memory[] => held.filter(({ state }) => state === 'remembered');
  const fake: Engine['brains'] = {
    list: () => {
      const damaged = remembered().filter((memory) => memory.damaged !== undefined).length;
      return Promise.resolve([{ name: 'default', model: TINY.name, memories: remembered().length, damaged }]);
    },
    get: async (name) => (await fake.list()).find((one) => one.name === name) ?? { name, problem: 'It is not there.' },
    names: () => ['default', 'work'],
    has: (name) => ['default', 'demo', 'work'].includes(name),
    export: (path, options) => {
      options?.onProgress?.({ doneBytes: 5, totalBytes: 10 });
      return Promise.resolve({ path, bytes: 2000, memories: held.length, damaged: [] });
    },
    import: (_path, options) => {
      options?.onProgress?.({ doneBytes: 5, totalBytes: 10 });
      return Promise.resolve({ name: options?.name ?? 'work', model: TINY, memories: 2, damaged: ['m-000001'] });
    },
    move: (options = {}) => {
      const [memory] = held;
      if (memory !== undefined) options.onProgress?.({ memory, done: 0, of: 1, step: { phase: 'commit' } });
      const failed = options.partly === true ? [] : [{ id: 'm-000000', text: 'x', reason: 'It does not hold.' }];
      return Promise.resolve({ moved: failed.length === 0, from: TINY, to: TINY, held: [], failed, resumed: 0 });
    },
    remove: (name) => {
      if (!fake.has(name)) return Promise.reject(new EngramError('not_found', `There is no brain "${name}".`));
      removed.push(name);
      return Promise.resolve();
    },
  };
  return fake;
}
