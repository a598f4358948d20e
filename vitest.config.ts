// The suites, from fast to slow. `npm test` runs them in this order (scripts/test.mjs).
import { defineConfig } from 'vitest/config';

const suite = (name: string, testTimeout: number, parallel: boolean, more: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    ...more,
    testTimeout,
    hookTimeout: testTimeout,
    fileParallelism: parallel,
  },
});

/** Of the page, beside its source; those with elements in a document that is none of a browser's. */
const pageSuite = () => ({
  ...suite('page', 120_000, false, { include: ['page/test/**/*.test.{ts,tsx}'] }),
  oxc: { jsx: { runtime: 'automatic' as const, importSource: 'preact' } },
});

export default defineConfig({
  test: {
    projects: [
      // Unit tests leave nothing behind, so their files share what they import: half the processor's time.
      suite('unit', 30_000, true, { isolate: false }),
      pageSuite(),
      suite('contract', 120_000, false),
      suite('native', 120_000, false),
      suite('model', 600_000, false, { globalSetup: 'test/support/model-cache.ts' }),
    ],
  },
});
