// `bench tables`: its options, and the table it prints. Not here: what it measures (measure.mjs).
import { PARTS } from '../everyday/parts.mjs';
import { oneOf } from '../options.mjs';
import { headLines, table } from '../table.mjs';
import { benchTables } from './measure.mjs';

const COLUMNS = {
  ...{ method: 'method', questions: 'questions', first: 'right row first', three: 'in the first 3' },
  ms: 'ms a question',
};

export function addTables(bench) {
  bench
    .command('tables')
    .description('whether the right row of a table is found first: CSV, TSV, a workbook, HTML, Markdown, PDF')
    .option('--part <name>', `which of the 100 questions: ${PARTS.join(', ')} or all`, oneOf([...PARTS, 'all']), 'test')
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--json', 'one JSON document on stdout, with what was missed', false)
    .action(async (options) => {
      const result = await benchTables(options);
      const cells = (row) => Object.fromEntries(Object.entries(COLUMNS).map(([key, name]) => [name, row[key]]));
      const lines = [...headLines(result), '', table(result.rows.map(cells)), ''];
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : lines.join('\n'));
    });
}
