// Jobs without a store: there are none, and who works has one to do.
import type { Engine } from '../../src/cli/api.js';
import { EngramError } from '../../src/errors.js';

/** Writes into `calls` who worked. */
export function fakeJobs(calls: unknown[][]): Engine['jobs'] {
  const report = { done: 1, failed: 0, givenBack: 0, lost: 0 };
  return {
    send: () => Promise.reject(new EngramError('usage', 'Jobs are in a store.')),
    follow: () => Promise.reject(new EngramError('usage', 'Jobs are in a store.')),
    list: () => Promise.resolve([]),
    work: ({ worker, once, leaseSeconds }) => {
      calls.push(['work', worker, once, leaseSeconds]);
      return Promise.resolve(report);
    },
  };
}
