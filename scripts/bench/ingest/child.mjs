// One ingest in a process of its own, so that its peak of memory is its own: `child.mjs FOLDER HOME`. Its embedder costs nothing and
// its vectors are as long as MiniLM's. Prints one line of JSON.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Retrieval } from '../../../dist/retrieval/index.js';

const DIMENSIONS = 384;
const LOOK_MS = 50;

const [folder, home] = process.argv.slice(2);
const embedder = {
  ...{ id: 'hash', dimensions: DIMENSIONS },
  embed: (texts) => Promise.resolve(texts.map(vectorOf)),
  close: () => Promise.resolve(),
};
let readerRssMb;
const looking = setInterval(() => {
  const peak = Math.max(0, ...childrenOf('self').map(peakOf));
  if (peak > 0) readerRssMb = Math.max(readerRssMb ?? 0, peak);
}, LOOK_MS);
const retrieval = new Retrieval({ home, brain: 'bench', embedder: () => Promise.resolve(embedder) });
const { seconds, passages, documents, skipped } = await retrieval.ingest([folder], { maxBytes: 1e9 });
clearInterval(looking);
await retrieval.close();
const library = readdirSync(join(home, 'brains', 'bench'))
  .filter((name) => name.startsWith('library.sqlite'))
  .reduce((sum, name) => sum + statSync(join(home, 'brains', 'bench', name)).size, 0);
const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify({ seconds, passages, documents, skipped, library, rssMb, readerRssMb })}\n`);

function vectorOf(text) {
  const hash = createHash('sha256').update(text).digest();
  const vector = Float32Array.from({ length: DIMENSIONS }, (_, i) => hash[i % 32] - 127.5);
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Only Linux tells. */
function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

function peakOf(pid) {
  try {
    return Math.round(Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
