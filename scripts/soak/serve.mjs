// A server over the engine without a model, in a process of its own that can be killed:
//   node scripts/soak/serve.mjs HOME [steps] [milliseconds a step]
// Prints its address and key as one line of JSON. Needs a build.
import { AbortError, EngramError } from '../../dist/errors.js';
import { settle } from '../../dist/options/index.js';
import { serve } from '../../dist/server/index.js';
import { RunControl } from '../../dist/training/control.js';
import { fakeApi } from './fake-engine.mjs';

const [home, steps = '8', stepMs = '5'] = process.argv.slice(2);
const settings = settle({ home, model: 'tiny', embedder: 'vectors' });
const api = fakeApi({ AbortError, EngramError, RunControl }, { steps: Number(steps), stepMs: Number(stepMs) });
const log = (fields) => {
  if (fields.status >= 500 || fields.stack !== undefined) process.stderr.write(`${JSON.stringify(fields)}\n`);
};
const running = await serve(api, settings, { port: 0, log });
process.stdout.write(`${JSON.stringify({ url: running.url, key: running.key })}\n`);
process.once('SIGTERM', () => void running.close(500).then(() => process.exit(0)));
