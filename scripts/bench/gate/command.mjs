// The command line of `bench -- gate`.
import { Option } from 'commander';
import { PARTS } from '../everyday/parts.mjs';
import { benchGate } from '../gate.mjs';
import { count, list, whole } from '../options.mjs';
import { gateTable } from './table.mjs';

/** Adds it to the program. */
export function addGate(bench) {
  bench
    .command('gate')
    .description('which memory a question is about: nothing is trained and nothing answered')
    .addOption(new Option('--kind <name>', 'what is told and asked').choices(['everyday']).makeOptionMandatory())
    .requiredOption('--data <path>', 'a file of rows, or a folder of such files; each is one brain')
    .option('--count <number>', 'the first rows of each file (default: all)', count)
    .addOption(new Option('--part <name>', 'which rows are asked about').choices([...PARTS, 'all']).default('all'))
    .addOption(list('--memories <list>', 'memories in the brains that are timed', count, ['10', '1000', '10000']))
    .option('--no-crowds', 'not the time in brains of other sizes')
    .option('--model <name|path>', 'the chat model, whose judge is asked', 'smollm2-135m-instruct')
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--threads <number>', 'threads to compute with (default: what the machine gives)', whole)
    .option('--misses', 'list what went to no memory, to another, or to one that does not answer it', false)
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchGate(options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : gateTable(result));
      if (result.cancelled) process.exitCode = 130;
    });
}
