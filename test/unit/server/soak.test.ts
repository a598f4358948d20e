// The short form of `node scripts/soak.mjs`: good and bad clients against a server over an engine without a model. Not here: what they
// do (scripts/soak).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

interface Report {
  requests: number;
  memories: number;
  lost: string[];
  damaged: number;
  stuck: number;
  failures: string[];
}

describe.skipIf(!existsSync(new URL('dist/server/index.js', ROOT)))('eight clients for ten seconds', () => {
  it('get their answers, lose nothing, and leave nothing running', { timeout: 90_000 }, async () => {
    const args = ['--minutes', String(10 / 60), '--clients', '8'];
    const program = fileURLToPath(new URL('scripts/soak.mjs', ROOT));
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]).catch(
      (error: unknown) => error as { stdout: string },
    );
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ failures: [], lost: [], damaged: 0, stuck: 0 });
    expect(report.requests).toBeGreaterThan(100);
    expect(report.memories).toBeGreaterThan(0);
  });
});
