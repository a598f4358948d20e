// `bench serve`: its options, and the table it prints. Not here: what it measures (serve.mjs).
import { list, oneOf, positive, whole } from '../options.mjs';
import { benchServe, PEERS } from '../serve.mjs';
import { headLines, table } from '../table.mjs';

const COLUMNS = {
  ...{ server: 'server', clients: 'clients', answers: 'answers', tokensPerSecond: 'tokens/s', ofOne: 'of one client' },
  ...{ firstMs50: 'first token ms p50', firstMs99: 'p99', cached: 'prompt cached', why: 'why not' },
};

export function addServe(bench) {
  bench
    .command('serve')
    .description("conversations of many clients at once over HTTP, beside llama.cpp's llama-server")
    .addOption(list('--clients <list>', 'how many at once', whole, ['1', '2', '4', '8', '16']))
    .option('--seconds <number>', 'for each number of clients', positive, 20)
    .option('--max-tokens <number>', 'of an answer', whole, 48)
    .option('--slots <number>', 'answers that are computed together', whole, 8)
    .option('--threads <number>', 'default: all cores', whole)
    .option('--model <model>', 'name or GGUF file')
    .addOption(list('--peers <list>', 'whom to compare with, or none', oneOf([...PEERS, 'none']), PEERS))
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchServe(options);
      const cells = (row) => Object.fromEntries(Object.entries(COLUMNS).map(([key, name]) => [name, row[key] ?? '']));
      const subject = `${result.model}, ${result.slots} slots, ${result.threads} threads, llama.cpp ${result.peer ?? '-'}`;
      const lines = [...headLines(result, '', subject), '', table(result.rows.map(cells)), ''];
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : lines.join('\n'));
      if (result.rows.every(({ why }) => why !== undefined)) process.exitCode = 1;
    });
}
