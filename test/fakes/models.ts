// Models without a catalog: one that can be shown, pulled and removed.
import type { Engine } from '../../src/cli/api.js';

export function fakeModels(): Engine['models'] {
  return {
    list: () => Promise.resolve([]),
    pull: (name, options) => {
      options?.onProgress?.({ model: name, file: 'a.gguf', source: 'x', receivedBytes: 5, totalBytes: 10 });
      return Promise.resolve({ name, folder: 'f', fetched: true, unverified: ['a.gguf'] });
    },
    show: (name) =>
      Promise.resolve({
        ...{
          name,
          architecture: 'llama',
          parameters: 1e8,
          contextLength: 2048,
          bytes: 9e7,
          installed: true,
          path: 'p',
        },
        memory: { chatBytes: 2e8, trainingBytes: 5e8, freeBytes: 1e9 },
        fits: { answering: true, training: true },
        files: [{ path: 'a.gguf', bytes: 9e7 }],
      }),
    remove: () => Promise.resolve(98_362_432),
  };
}
