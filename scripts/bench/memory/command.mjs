// The command line of `bench -- memory`.
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { benchMemory } from '../memory.mjs';
import { count, list, oneOf, whole } from '../options.mjs';
import { KINDS } from './cases.mjs';
import { memoryPlot } from './plot.mjs';
import { STRATEGIES } from './strategies.mjs';
import { memoryTable } from './table.mjs';

/** Adds it to the program. */
export function addMemory(bench) {
  bench
    .command('memory')
    .description('what is remembered, in which wordings, what else it changes and what it costs')
    .requiredOption('--data <path>', 'the file of the kind, or the folder that has it as <kind>.jsonl')
    .requiredOption('--kind <name>', `what is remembered: ${KINDS.join(', ')}`, refusing(oneOf(KINDS)))
    .addOption(list('--strategy <list>', `of ${Object.keys(STRATEGIES).join(', ')}, or all`, strategies, ['weights']))
    .option('--count <number>', 'how many to remember', count, 20)
    .option('--offset <number>', 'leave out so many rows at the beginning of the file', row, 0)
    .option('--seed <number>', 'by which rows and questions are drawn; 0: in the order of the file', row, 1)
    .option('--sequential', 'all into one brain, asked at the end; else each alone: remember, ask, forget', false)
    .option('--supersede', 'first remember another answer, then the right one in its place', false)
    .option('--forget', 'ask what was forgotten as well; with --sequential every second one is', false)
    .option('--no-gate', "beside it the same with the memory's weights on for every question")
    .option(
      '--unrelated <file>',
      'questions that must stay, lines of {"prompt": …} (default: known.jsonl beside the data)',
    )
    .addOption(list('--peers <list>', 'whose training to take beside it', oneOf(['peft', 'none']), ['none']))
    .option('--python <path>', 'an interpreter with PEFT (default: one in the cache, made on first use)')
    .option('--model <name|path>', 'a name of the catalog or a GGUF file', 'smollm2-135m-instruct')
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--threads <number>', 'threads to compute with (default: what the machine gives)', whole)
    .option(
      '--parallel <number>',
      'questions answered together: faster, but the last bits of probabilities change',
      whole,
      1,
    )
    .option('--resume <file>', 'keep what is measured in this file, and go on from what it has')
    .option('--misses', 'list what was not held, with its answers', false)
    .option('--svg <file>', 'draw the shares as SVG')
    .option('--json', 'one JSON document on stdout', false)
    .action(async ({ strategy, svg, ...options }) => {
      const strategies = [...new Set(strategy.flat())];
      const result = await benchMemory({ ...options, strategies });
      if (svg !== undefined && result.rows.length > 0) writeFileSync(svg, memoryPlot(result));
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : memoryTable(result));
      if (result.cancelled) process.exitCode = 130;
      else if (result.rows.length === 0) process.exitCode = 1;
    });
}

const strategies = (name) => (name === 'all' ? Object.keys(STRATEGIES) : [oneOf(Object.keys(STRATEGIES))(name)]);

const refusing = (read) => (text) => {
  try {
    return read(text);
  } catch (error) {
    throw new InvalidArgumentError(error.message);
  }
};

function row(text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0.');
}
