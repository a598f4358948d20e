// The command line of `bench -- memory`.
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { EVERYDAY_KINDS } from '../everyday/data.mjs';
import { PARTS } from '../everyday/parts.mjs';
import { everydayTable } from '../everyday/table.mjs';
import { benchEveryday } from '../everyday.mjs';
import { benchMemory } from '../memory.mjs';
import { count, list, oneOf, whole } from '../options.mjs';
import { KINDS as CASES } from './cases.mjs';
import { memoryPlot } from './plot.mjs';
import { STRATEGIES } from './strategies.mjs';
import { memoryTable } from './table.mjs';

const KINDS = [...CASES, ...EVERYDAY_KINDS];

/** The options that everyday and groups have; the others are refused with them. */
const EVERYDAY_OPTIONS = ['data', 'kind', 'count', 'part', 'model', 'embedder', 'threads', 'resume', 'misses', 'json'];

/** Adds it to the program. */
export function addMemory(bench) {
  bench
    .command('memory')
    .description('what is remembered, in which wordings, what else it changes and what it costs')
    .requiredOption('--data <path>', 'the file of the kind, or the folder that has it as <kind>.jsonl')
    .requiredOption('--kind <name>', `what is remembered: ${KINDS.join(', ')}`, refusing(oneOf(KINDS)))
    .addOption(list('--strategy <list>', `of ${Object.keys(STRATEGIES).join(', ')}, or all`, strategies, ['weights']))
    .option('--count <number>', 'how many to remember (default: 20; of everyday and groups all)', count)
    .addOption(
      new Option('--part <name>', 'of everyday and groups: which rows are asked about').choices([...PARTS, 'all']),
    )
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
    .action(async (options, command) => {
      const isEveryday = EVERYDAY_KINDS.includes(options.kind);
      refuseOthers(command, isEveryday);
      const result = await (isEveryday ? everyday(options) : cases(options));
      const tableOf = isEveryday ? everydayTable : memoryTable;
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : tableOf(result));
      if (result.cancelled) process.exitCode = 130;
      else if (result.rows.length === 0) process.exitCode = 1;
    });
}

const everyday = ({ part = 'all', ...options }) => benchEveryday({ ...options, part });

async function cases({ strategy, svg, count: most = 20, ...options }) {
  const strategies = [...new Set(strategy.flat())];
  const result = await benchMemory({ ...options, count: most, strategies });
  if (svg !== undefined && result.rows.length > 0) writeFileSync(svg, memoryPlot(result));
  return result;
}

/** An option that would be ignored is a mistake. */
function refuseOthers(command, isEveryday) {
  for (const option of command.options) {
    const name = option.attributeName();
    const isOther = isEveryday ? !EVERYDAY_OPTIONS.includes(name) : name === 'part';
    if (!isOther || command.getOptionValueSource(name) !== 'cli') continue;
    const { kind } = command.opts();
    command.error(`error: ${option.long} is not for the kind ${kind}`);
  }
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
