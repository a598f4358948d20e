// The command line of the benchmarks: commands, options with their checks, and what Ctrl+C does.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, CommanderError, Option } from 'commander';
import { SetUpProblem } from '../set-up/problem.mjs';
import { addAgent } from './agent/command.mjs';
import { interrupt } from './child.mjs';
import { addGate } from './gate/command.mjs';
import { addIngest } from './ingest/command.mjs';
import { addTables } from './tables/command.mjs';
import { CONDITIONS as INFER_CONDITIONS } from './infer/conditions.mjs';
import { benchMatrix, MATRIX, matrixTable, readCell } from './infer/matrix.mjs';
import { PEERS as INFER_PEERS } from './infer/peers.mjs';
import { BY_WEIGHT } from './infer/work.mjs';
import { inferTable } from './infer-table.mjs';
import { benchInference } from './infer.mjs';
import { limitIsa, readIsa } from './isa.mjs';
import { benchChatMemory, chatMemoryTable } from './chat-memory.mjs';
import { MEMORIES, QUICK } from './chat-memory/memories.mjs';
import { benchEmbedding } from './embed.mjs';
import { PEERS as INDEX_PEERS } from './index/peers.mjs';
import { indexTable } from './index/table.mjs';
import { indexPlot, retrievalPlot } from './index/plot.mjs';
import { benchKernels } from './kernels.mjs';
import { addMemory } from './memory/command.mjs';
import { addServe } from './serve/command.mjs';
import { CONDITIONS } from './neighbours.mjs';
import { count, list, oneOf, positive, refusable, whole, wholeOrNone } from './options.mjs';
import { benchRelevance, relevanceTable } from './relevance.mjs';
import { retrievalTable } from './retrieval-table.mjs';
import { benchRetrieval } from './retrieval.mjs';
import { addScale } from './scale/command.mjs';
import { readShape } from './shapes.mjs';
import { benchState, stateTable } from './state.mjs';
import { table } from './table.mjs';
import { trainTable } from './train-table.mjs';
import { benchTraining } from './train.mjs';
import { benchIndex } from './index.mjs';

const COLUMNS = ['what', 'method', 'texts', 'textsPerSecond', 'tokensPerSecond', 'ratio', 'cosine', 'rssMb', 'why'];

/** The exit code. */
export async function runBench(args) {
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await program().parseAsync(args, { from: 'user' });
    return process.exitCode ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof SetUpProblem || typeof error.code !== 'string') throw error;
    throw new SetUpProblem([error.message, error.hint].filter(Boolean).join('\n'));
  }
}

function program() {
  const bench = new Command('bench').description("engram's speed, beside that of others").exitOverride();
  bench
    .command('train')
    .description("a training step beside PEFT's and qvac's, in one run, in turn")
    .addOption(list('--shapes <list>', 'sequences x tokens', readShape, ['1x32', '1x128', '1x512', '8x64']))
    .addOption(list('--conditions <list>', 'what runs beside it', oneOf(Object.keys(CONDITIONS))))
    .addOption(
      list('--peers <list>', 'whom to compare with, or none', oneOf(['peft', 'qvac', 'none']), ['peft', 'qvac']),
    )
    .option('--no-variants', 'not what less work saves: answers only, upper layers, other precisions')
    .option('--model <name|path>', 'a name of the catalog or a GGUF file', 'smollm2-135m-instruct')
    .option('--precision <name>', "how engram holds the weights (default: this processor's fastest)")
    .option('--threads <number>', 'threads for all who are measured', whole, availableParallelism())
    .addOption(isaOption())
    .option('--python <path>', 'an interpreter with PEFT (default: one in the cache, made on first use)')
    .option('--minutes <number>', 'begin nothing more after so long (default: 11, with --quick 3.5)', positive)
    .option('--limit <seconds>', 'give up who takes longer for one step (default: 60, with --quick 30)', positive)
    .option('--quick', 'shorter measurements', false)
    .option('--json', 'one JSON document on stdout', false)
    .hook('preAction', holdBack)
    .action(async (options) => {
      const result = await benchTraining(options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : trainTable(result));
      if (result.rows.every(({ engramMs }) => engramMs === undefined)) process.exitCode = 1;
    });
  bench
    .command('infer')
    .description("prompts, generation and chat beside llama.cpp's llama-bench and node-llama-cpp, in one run, in turn")
    .addOption(
      list(
        '--what <list>',
        `work, or none (default: ${BY_WEIGHT.join(',')}; with --quick the first two)`,
        oneOf([...BY_WEIGHT, 'none']),
      ).default(undefined),
    )
    .addOption(list('--conditions <list>', 'what goes on beside it', oneOf(Object.keys(INFER_CONDITIONS))))
    .addOption(list('--peers <list>', 'whom to compare with, or none', oneOf([...INFER_PEERS, 'none']), INFER_PEERS))
    .addOption(
      list('--threads <list>', "numbers, or `own`: engram's choice beside the others' best", threadsOrOwn, [
        ...new Set(['1', String(availableParallelism()), 'own']),
      ]),
    )
    .option('--model <name|path>', 'a name of the catalog or a GGUF file', 'smollm2-135m-instruct')
    .option('--adapters <number>', 'switch to so many different adapters (default: 60, with --quick 20)', wholeOrNone)
    .option('--no-starts', 'not load time, first token and memory')
    .addOption(
      list(
        '--matrix [list]',
        `over shapes and quantisations with random weights in place of --model, as 1b:Q4_K_M (alone: ${MATRIX.length} of them)`,
        readCell,
        [],
      )
        .default(undefined)
        .preset(MATRIX.join(',')),
    )
    .option('--minutes <number>', 'begin nothing more after so long (default: 9, with --quick 2.5)', positive)
    .option('--limit <seconds>', 'stop a piece of work that takes longer (default: 10, with --quick 5)', positive)
    .option('--quick', 'shorter measurements, and fewer', false)
    .option('--json', 'one JSON document on stdout', false)
    .action(async ({ what, matrix, ...options }) => {
      if (matrix !== undefined) {
        const result = await benchMatrix({ ...options, works: what, cells: matrix });
        process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : matrixTable(result));
        return;
      }
      const result = await benchInference({ ...options, works: what });
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : inferTable(result));
      if (result.rows.length > 0 && result.rows.every(({ engram }) => engram === undefined)) process.exitCode = 1;
    });
  bench
    .command('embed')
    .description("texts to vectors beside onnxruntime's and sentence-transformers', in one run, in turn")
    .requiredOption('--data <path>', "a collection in BEIR's layout, Cranfield's, SQuAD's or LoCoMo's")
    .addOption(
      list('--peers <list>', 'whom to compare with, or none', oneOf(['onnxruntime', 'sentence-transformers', 'none'])),
    )
    .option('--threads <number>', 'threads for all who are measured', whole, availableParallelism())
    .option(
      '--python <path>',
      'an interpreter with sentence-transformers (default: one in the cache, made on first use)',
    )
    .option('--quick', 'fewer texts, shorter measurements', false)
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchEmbedding(options);
      const cells = (row) => Object.fromEntries(COLUMNS.map((name) => [name, row[name] ?? '']));
      process.stdout.write(
        options.json ? `${JSON.stringify(result, null, 2)}\n` : `${table(result.rows.map(cells))}\n`,
      );
    });
  bench
    .command('index')
    .description("the vector index beside hnswlib-node's, usearch's and faiss's: recall against time")
    .requiredOption('--data <path>', 'a file or folder of texts: JSON, JSON lines, or plain')
    .option('--count <number>', 'vectors in the index', count, 20_000)
    .addOption(list('--efs <list>', 'candidates kept in a search', whole, [16, 32, 64, 128, 256]))
    .addOption(list('--peers <list>', 'whom to compare with, or none', oneOf([...INDEX_PEERS, 'none']), INDEX_PEERS))
    .option('--embedder <name|path>', 'what makes vectors of the texts', 'all-minilm-l6-v2')
    .option('--python <path>', 'an interpreter with usearch and faiss (default: one in the cache, made on first use)')
    .option('--seconds <number>', 'of measuring for each ef', positive, 10)
    .option('--limit <seconds>', 'give up who builds for longer', positive, 1800)
    .option('--plot <file>', 'write recall against queries a second as SVG')
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchIndex(options);
      if (options.plot !== undefined) writeFileSync(options.plot, indexPlot(result));
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : indexTable(result));
    });
  bench
    .command('retrieval')
    .description('how well and how fast documents are found, beside BM25 and sentence-transformers with faiss')
    .requiredOption('--data <path>', 'a collection (BEIR, Cranfield, SQuAD, LoCoMo), or a folder of some')
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--model <name|path>', 'what sentence-transformers loads (default: the folder of the embedding model)')
    .option('--queries <number>', 'so many questions of each collection, evenly taken (default: all)', whole)
    .option('--threads <number>', 'threads for the peers', whole, availableParallelism())
    .option('--python <path>', 'an interpreter with the peers (default: one in the cache, made on first use)')
    .option('--no-peers', 'engram alone')
    .option('--plot <file>', 'write recall against questions a second as SVG')
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchRetrieval(options);
      if (options.plot !== undefined) writeFileSync(options.plot, retrievalPlot(result));
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : retrievalTable(result));
    });
  bench
    .command('relevance')
    .description('which questions get passages: the threshold chosen on one half of them, judged on the other')
    .requiredOption('--data <folder>', 'a folder of collections, zsre.jsonl, wikibigedit.jsonl and known.jsonl')
    .option('--queries <number>', 'most questions about each collection, and about anything else', whole, 300)
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchRelevance(options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : relevanceTable(result));
    });
  addMemory(bench);
  addAgent(bench);
  addGate(bench);
  addIngest(bench);
  addServe(bench);
  addScale(bench);
  addTables(bench);
  bench
    .command('chat-memory')
    .description('what conversation memories keep of a long conversation, and at how many tokens of prompt')
    .requiredOption('--data <folder>', "LoCoMo's conversations")
    .option('--count <number>', 'questions of each conversation, evenly taken', whole, 10)
    .option('--conversations <number>', 'so many of them', whole, 1)
    .option('--exchanges <number>', 'the first so many of each, and the questions about them', whole, 60)
    .addOption(
      list(
        '--memories <list>',
        'which (those with summaries call the model for every exchange)',
        oneOf(Object.keys(MEMORIES)),
        QUICK,
      ),
    )
    .option('--no-answers', 'only what the prompt keeps: calls no model for the others')
    .option('--fresh', 'begin anew, not where the last run of the same commit stopped', false)
    .option('--model <name|path>', 'a name of the catalog or a GGUF file', 'smollm2-135m-instruct')
    .option('--embedder <name|path>', 'the embedding model', 'all-minilm-l6-v2')
    .option('--context <number>', 'tokens of context', whole, 2048)
    .option('--threads <number>', 'threads (default: what the machine gives)', whole)
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchChatMemory(options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : chatMemoryTable(result));
    });
  bench
    .command('kernels')
    .description('every matrix product and every op, with its share of what the machine can do')
    .option('--threads <number>', 'threads', whole, availableParallelism())
    .addOption(isaOption())
    .hook('preAction', holdBack)
    .action(benchKernels);
  bench
    .command('state')
    .description('going on with a conversation with its saved state and without')
    .addOption(list('--tokens <list>', 'lengths of the conversation', whole, ['256', '1024', '2048']))
    .option('--rounds <number>', 'times each is measured; the median counts', whole, 3)
    .option('--model <name|path>', 'a name of the catalog or a GGUF file', 'smollm2-135m-instruct')
    .option('--threads <number>', 'threads (default: what the machine gives)', whole)
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const result = await benchState(options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : stateTable(result));
    });
  return bench;
}

function isaOption() {
  return new Option(
    '--isa <name>',
    'measure as a machine with no more than this, such as avx2; without qvac',
  ).argParser((text) => refusable(() => readIsa(text)));
}

function holdBack(command) {
  const { isa, peers } = command.opts();
  if (isa === undefined) return;
  limitIsa(isa);
  if (peers !== undefined)
    command.setOptionValue(
      'peers',
      peers.filter((peer) => peer !== 'qvac'),
    );
}

function threadsOrOwn(text) {
  if (text === 'own') return text;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new RangeError('Expected a whole number from 1, or own.');
}
