// `bench ingest`: its options, and the table it prints. Not here: what it measures (ingest.mjs).
import { list, oneOf } from '../options.mjs';
import { headLines, table } from '../table.mjs';
import { benchIngest } from '../ingest.mjs';
import { CORPORA } from './corpora.mjs';

const COLUMNS = {
  ...{ corpus: 'corpus', mb: 'MB', documents: 'documents', skipped: 'skipped', passages: 'passages', seconds: 's' },
  ...{ mbPerSecond: 'MB/s', passagesPerSecond: 'passages/s', rssMb: 'peak MB', readerRssMb: "reader's peak MB" },
  ...{ libraryPerByte: 'library bytes a byte', why: 'why not' },
};

export function addIngest(bench) {
  bench
    .command('ingest')
    .description('files to passages in a library, without embedding: time, memory, size')
    .addOption(list('--corpora <list>', 'what to make and read', oneOf(Object.keys(CORPORA))))
    .option('--data <path>', 'a folder of your own, too')
    .option('--full', 'a log of a million lines, JSON of 100 MB … instead of a hundredth', false)
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchIngest(options);
      const cells = (row) => Object.fromEntries(Object.entries(COLUMNS).map(([key, name]) => [name, row[key] ?? '']));
      const lines = [...headLines(result), '', table(result.rows.map(cells)), ''];
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : lines.join('\n'));
      if (result.rows.every(({ why }) => why !== undefined)) process.exitCode = 1;
    });
}
