// Whether LangChain's classic zero-shot ReAct agent does on a small model what it is told: requests to remember in many wordings
// train on the whole fact and nothing else, other inputs train nothing, and all end. Each begins with an empty brain.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../dist/cli/options.js';
import { Engram, openEmbedder } from '../../dist/index.js';
import { memorizeTool, ReActLLM } from '../../dist/langchain/index.js';
import { readReactPrompt } from '../../dist/langchain/react-prompt.js';
import { readRequest } from '../../dist/langchain/request.js';
import { phase } from '../set-up/progress.mjs';
import { SETS } from './agent/requests.mjs';
import { scoreInputs } from './agent/scores.mjs';
import { throwIfInterrupted } from './child.mjs';
import { beginReport } from './machine.mjs';
import { Journal } from './memory/journal.mjs';
import { significant } from './statistics.mjs';
import { headLines, table } from './table.mjs';

const ANSWER_TOKENS = 48;
/** An agent that takes more steps has not ended. */
const MOST_ITERATIONS = 6;

/** Options as agent/command.mjs reads them; returns what --json prints. */
export async function benchAgent({ sets, model, embedder, threads, training, reading, resume }) {
  const report = beginReport('agent');
  const journal = new Journal(resume, { model, embedder, training, reading });
  const settings = { model, embedder, threads };
  const { measure, close } = reading ? await reader(settings) : await runner(settings, training);
  const rows = [];
  try {
    for (const set of sets) {
      const { requests, others } = SETS[set];
      await phase(`${set}: requests and other inputs`, async (update) => {
        for (const entry of [...requests, ...others.map((input) => ({ input }))]) {
          throwIfInterrupted();
          update(`${rows.length} done, ${rows.filter(isMiss).length} of them wrong`);
          rows.push({ set, ...(await journal.once(entry.input, () => measure(entry))) });
        }
      });
    }
  } finally {
    await close();
  }
  return {
    ...report.head(),
    model,
    embedder,
    ...(reading ? { reading } : { training }),
    sets: sets.map((set) => ({ set, ...summed(rows.filter((row) => row.set === set)) })),
    rows,
  };
}

/** The agent itself, in a home of its own. */
async function runner(settings, training) {
  const home = mkdtempSync(join(tmpdir(), 'engram-bench-agent-'));
  symlinkSync(join(readSettings().home, 'models'), join(home, 'models'));
  const engram = await Engram.open({ ...settings, home, contextSize: 2048 });
  const close = async () => {
    await engram.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { measure: (entry) => tried(engram, entry, training), close };
}

/** Only what is read out of a request, which decides what the tool is called with, by the embedding model alone. */
async function reader({ embedder, threads }) {
  const { name, description } = memorizeTool();
  const open = await openEmbedder({ embedder, threads });
  const embed = (texts) => open.embed(texts);
  const measure = async ({ input, fact }) => {
    const prompt = `${name}: ${description}\n\nAction: one of [${name}]\nAction Input:\nFinal Answer: …\n\nQuestion: ${input}`;
    const { tools, question } = readReactPrompt(prompt);
    const { speaks, content } = await readRequest(embed, question, tools[0].use);
    const inputs = content === undefined ? [] : [content];
    const score = fact === undefined ? { calls: speaks ? 1 : 0 } : scoreInputs(inputs, fact);
    return { input, fact, inputs, ...score };
  };
  return { measure, close: () => open.close() };
}

/** One input to an agent whose brain is empty. Without `training` the tool replies as if it had trained. */
async function tried(engram, { input, fact, question, told }, training) {
  const { initializeAgentExecutorWithOptions } = await import('@langchain/classic/agents'); // a development dependency
  const tool = memorizeTool({ engram });
  if (!training) tool.func = () => Promise.resolve('Train complete. Loss: 0.02');
  const agent = await initializeAgentExecutorWithOptions([tool], new ReActLLM({ engram, maxTokens: ANSWER_TOKENS }), {
    agentType: 'zero-shot-react-description',
    returnIntermediateSteps: true,
    maxIterations: MOST_ITERATIONS,
  });
  const begun = performance.now();
  const { output, intermediateSteps: steps } = await agent.invoke({ input });
  const seconds = (performance.now() - begun) / 1000;
  const inputs = steps.map(({ action }) => action.toolInput);
  const row = {
    input,
    fact,
    inputs,
    observations: steps.map(({ observation }) => observation),
    output,
    ended: steps.length < MOST_ITERATIONS,
    ...(fact === undefined ? { calls: inputs.length } : scoreInputs(inputs, fact)),
    seconds: significant(seconds),
  };
  if (!training) return row;
  row.trained = row.observations.length > 0 && row.observations.every((text) => text.startsWith('Train complete.'));
  if (question !== undefined) {
    const asked = await agent.invoke({ input: question });
    row.answer = asked.output;
    row.told = asked.output.toLowerCase().includes(told.toLowerCase());
  }
  for (const { id } of await engram.memories.list()) await engram.memories.forget(id);
  return row;
}

const isMiss = ({ fact, exact, trained, calls, told, ended }) =>
  ended === false || (fact === undefined ? calls > 0 : !exact || trained === false || told === false);

function summed(rows) {
  const requests = rows.filter(({ fact }) => fact !== undefined);
  const others = rows.filter(({ fact }) => fact === undefined);
  const share = (some, is) => `${some.filter(is).length} of ${some.length}`;
  return {
    'fact alone, once': share(requests, ({ exact }) => exact),
    'whole fact': share(requests, ({ whole }) => whole),
    ...(requests.some(({ trained }) => trained !== undefined)
      ? {
          trained: share(requests, ({ exact, trained }) => exact && trained),
          'told later': share(requests, ({ told }) => told),
        }
      : {}),
    'others left alone': share(others, ({ calls }) => calls === 0),
    ...(rows.some(({ ended }) => ended !== undefined) ? { ended: share(rows, ({ ended }) => ended) } : {}),
  };
}

export function agentTable({ sets, rows, model, ...result }, { misses = false } = {}) {
  const about = headLines(result, '', model).join('\n');
  const missed = rows.filter(isMiss);
  const lines = missed.map(
    ({ input, inputs, observations, output, answer }) =>
      `\n› ${input}\n${inputs.map((text, i) => `  ${text}\n  = ${observations?.[i] ?? ''}`).join('\n')}\n  ${output ?? ''}\n  later: ${answer ?? ''}`,
  );
  return `${about}\n${table(sets)}\n${misses ? lines.join('\n') : ''}\n`;
}
