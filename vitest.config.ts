// The four suites, from fast to slow. `npm test` runs them in this order (scripts/test.mjs).
import { defineConfig } from 'vitest/config';

const suite = (name: string, testTimeout: number, parallel: boolean, more: object = {}) => ({
  test: {
    name,
    ...more,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    fileParallelism: parallel,
  },
});

export default defineConfig({
  test: {
    projects: [
      // Unit tests leave nothing behind, so their files share what they import: half the processor's time.
      suite('unit', 30_000, true, { isolate: false }),
      suite('contract', 120_000, false),
      suite('native', 120_000, false),
      suite('model', 600_000, false, { globalSetup: 'test/support/model-cache.ts' }),
    ],
  },
});
