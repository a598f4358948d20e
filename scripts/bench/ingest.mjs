// The whole benchmark of ingesting: each corpus in a process of its own, what it took, and how large its library is. Without embedding,
// which `bench embed` measures. What cannot be measured has a reason in its row.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { phase } from '../set-up/progress.mjs';
import { filesBelow } from '../set-up/stamps.mjs';
import { CORPORA } from './ingest/corpora.mjs';
import { beginReport } from './machine.mjs';
import { significant } from './statistics.mjs';

const CHILD = fileURLToPath(new URL('./ingest/child.mjs', import.meta.url));

/** Options as command.mjs reads them; returns what --json prints. */
export async function benchIngest({ corpora, full, data }) {
  const report = beginReport('ingest');
  const rows = [];
  const inside = mkdtempSync(join(tmpdir(), 'engram-bench-'));
  try {
    for (const name of corpora) {
      const { unit, make, ...sizes } = CORPORA[name];
      const size = full ? sizes.full : sizes.small;
      const folder = join(inside, name);
      mkdirSync(folder);
      const corpus = `${name}, ${size.toLocaleString('en')} ${unit}`;
      rows.push(await phase(`Ingesting ${corpus}`, () => rowOf(corpus, folder, () => make(folder, size))));
      rmSync(folder, { recursive: true, force: true });
    }
    if (data !== undefined) rows.push(await phase(`Ingesting ${data}`, () => rowOf(data, data, () => undefined)));
  } finally {
    rmSync(inside, { recursive: true, force: true });
  }
  return { ...report.head(), rows };
}

async function rowOf(corpus, folder, make) {
  const home = mkdtempSync(join(tmpdir(), 'engram-bench-home-'));
  try {
    await make();
    const bytes = filesBelow(folder).reduce((sum, path) => sum + statSync(path).size, 0);
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, folder, home], { maxBuffer: 1 << 26 });
    const { seconds, passages, documents, skipped, library, rssMb, readerRssMb } = JSON.parse(stdout);
    return {
      ...{ corpus, mb: significant(bytes / 1e6), documents, skipped: skipped.length, passages },
      ...{ seconds: significant(seconds), mbPerSecond: significant(bytes / 1e6 / seconds) },
      ...{ passagesPerSecond: significant(passages / seconds), rssMb, readerRssMb },
      libraryPerByte: significant(library / bytes),
    };
  } catch (error) {
    return { corpus, why: error.message.split('\n')[0] };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
