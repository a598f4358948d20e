// A store of adapters that keeps none: what is trained, merged, shrunk and fused is written down.
import type { Engine } from '../../src/cli/api.js';
import type * as index from '../../src/index.js';
import { EngramError } from '../../src/errors.js';
import { reportOf } from '../../src/training/classify/report.js';

type Adapters = Engine['adapters'];

/** Writes into `calls` what was to be trained or told, into `combined` what was to be made of others. */
export function fakeAdapters(
  calls: unknown[][],
  combined: unknown[][],
): Adapters & Pick<index.Adapters, 'get' | 'run'> {
  const merged = (name: string): Awaited<ReturnType<Adapters['merge']>> => ({
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
  const none = (what: string) => Promise.reject(new EngramError('not_found', `There is no ${what}.`));
  const adapters: Adapters & Pick<index.Adapters, 'get' | 'run'> = {
    get: (name) => none(`adapter "${name}"`),
    train: (request) => {
      calls.push(['train', request]);
      const rows = { train: 9, validation: 1, test: 0 };
      request.onEvent?.({ type: 'started', run: 'tone-1', folder: 'runs/tone-1', rows, step: 0 });
      return Promise.resolve({
        ...{ adapter: request.adapter ?? 'tone', run: 'tone-1', folder: 'runs/tone-1', rows },
        ...{ trainedTokens: 27, sumLoss: 78.2, best: null, stoppedEarly: false, steps: 3, seconds: 1 },
        test: { loss: 2.5, accuracy: 0.5 },
        epochs: [{ train: 2.9, validation: null, trainAccuracy: 0.4, validationAccuracy: null }],
      });
    },
    resume: (run, request) => adapters.train({ ...request, resume: run ?? true }),
    classify: (request) => {
      calls.push(['classify', request]);
      return Promise.resolve(request.texts.map(() => ({ labels: ['spam'], probabilities: { ham: 0.1, spam: 0.9 } })));
    },
    evaluate: (request) => {
      calls.push(['evaluate', request]);
      request.onProgress?.({ done: 2, of: 2 });
      return Promise.resolve(reportOf(['ham', 'spam'], [[0], [1]], [[1], [1]]));
    },
    list: () => Promise.resolve({ adapters: [], broken: [{ name: 'old', problem: 'it lacks a file' }] }),
    export: (name, format, out) => Promise.resolve([`${out}/${name}.${format}`]),
    import: (path, options) => {
      combined.push(['import', path, options]);
      return Promise.resolve({ adapter: merged(options.name).adapter, saysBase: 'org/m' });
    },
    remove: (name) => none(`adapter "${name}"`),
    merge: (...args) => {
      combined.push(['merge', ...args]);
      return Promise.resolve(merged(args[1].name));
    },
    shrink: (...args) => {
      combined.push(['shrink', ...args]);
      return Promise.resolve(merged(args[1].name));
    },
    fuse: (...args) => {
      combined.push(['fuse', ...args]);
      args[1].onProgress?.(0.5);
      return Promise.resolve({ path: '/x/m.gguf', bytes: 9e8, tensors: 210 });
    },
    runs: () => Promise.resolve([]),
    run: (id) => none(`run "${id}"`),
    removeRun: (id) => none(`run "${id}"`),
    plot: (run) => none(`run "${run ?? 'latest'}"`),
  };
  return adapters;
}
