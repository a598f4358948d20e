// The command line of `bench -- agent`.
import { agentTable, benchAgent } from '../agent.mjs';
import { list, oneOf, whole } from '../options.mjs';
import { SETS } from './requests.mjs';

/** Adds it to the program. */
export function addAgent(bench) {
  bench
    .command('agent')
    .description("what LangChain's classic ReAct agent trains on when it is told to remember, and when it is not")
    .addOption(list('--sets <list>', 'inputs: those looked at while tuning, those held out', oneOf(Object.keys(SETS))))
    .option('--reading', 'only what is read out of the requests, by the embedding model: seconds', false)
    .option('--no-training', 'only what the tool is called with: it replies as if it had trained')
    .option('--model <name|path>', 'a name of the catalog or a GGUF file', 'smollm2-135m-instruct')
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--threads <number>', 'threads to compute with (default: what the machine gives)', whole)
    .option('--resume <file>', 'keep what is measured in this file, and go on from what it has')
    .option('--misses', 'list what went wrong', false)
    .option('--json', 'one JSON document on stdout', false)
    .action(async ({ misses, ...options }) => {
      const result = await benchAgent(options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : agentTable(result, { misses }));
    });
}
