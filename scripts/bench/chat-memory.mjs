// What each conversation memory keeps of a long conversation, and at how many tokens of prompt: LoCoMo's conversations are told
// to each, exchange by exchange, and then it is asked LoCoMo's questions. What was told and answered lies in the cache, so that
// a run that was broken off goes on where it stopped.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Engram, FolderLog } from '../../dist/index.js';
import { phase } from '../set-up/progress.mjs';
import { cacheFolder } from './cache.mjs';
import { evenly, readConversations } from './chat-memory/locomo.mjs';
import { MEMORIES } from './chat-memory/memories.mjs';
import { answerInPrompt, evidenceRecall, f1 } from './chat-memory/scores.mjs';
import { throwIfInterrupted } from './child.mjs';
import { beginReport, describeSource } from './machine.mjs';
import { PeakMeter } from './peak.mjs';
import { median, significant } from './statistics.mjs';
import { headLines, table } from './table.mjs';

const TASK = 'Answer the question in a few words from this conversation:';
const ANSWER_TOKENS = 24;

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchChatMemory(options) {
  const report = beginReport('chat-memory');
  const { data, count, exchanges, conversations: most, memories, answers, fresh } = options;
  const conversations = readConversations(data, exchanges).slice(0, most);
  const meter = new PeakMeter(options.threads ?? availableParallelism());
  await meter.measure();
  const { model, embedder, context: contextSize, threads } = options;
  const engram = await Engram.open({ model, embedder, contextSize, threads });
  const rows = [];
  try {
    for (const name of memories) {
      const asked = [];
      const told = [];
      for (const conversation of conversations) {
        const folder = folderOf(name, conversation, { model, embedder, contextSize });
        if (fresh) rmSync(folder, { recursive: true, force: true });
        const memory = open(name, conversation, engram, folder);
        await phase(`${name}, conversation ${conversation.name}`, async (update) => {
          told.push(...(await tell(memory, conversation, folder, update)));
          const questions = evenly(conversation.questions, count);
          asked.push(...(await ask(memory, questions, engram, folder, { answers, update })));
        });
      }
      rows.push(summed(name, told, asked));
    }
  } finally {
    await engram.close();
  }
  return {
    ...report.head(),
    peakGflops: meter.best,
    model,
    embedder,
    contextSize: engram.contextSize,
    conversations: conversations.map(({ name, exchanges: { length } }) => ({ name, exchanges: length })),
    rows,
  };
}

/** Another commit, model or conversation is another folder. */
function folderOf(name, { name: of, exchanges }, settings) {
  const { commit } = describeSource();
  const key = createHash('sha256')
    .update(JSON.stringify([commit, settings, exchanges]))
    .digest('hex');
  return join(cacheFolder(), 'chat-memory', `${of}-${name}-${key.slice(0, 12)}`);
}

function open(name, { speakers: [humanPrefix, aiPrefix] }, engram, folder) {
  const log = new FolderLog(join(folder, 'conversation'));
  const own = { llm: engram, embedder: engram, log, humanPrefix, aiPrefix };
  return MEMORIES[name]({ ...own, inputKey: 'input', outputKey: 'output' });
}

/** Seconds of each exchange that was told now. */
async function tell(memory, { exchanges }, folder, update) {
  const times = readLines(join(folder, 'told.jsonl'));
  for (let at = times.length; at < exchanges.length; at++) {
    throwIfInterrupted();
    update(`told ${at} of ${exchanges.length}`);
    const { human, ai } = exchanges[at];
    const begun = performance.now();
    await memory.save({ input: human }, { output: ai });
    times.push({ seconds: (performance.now() - begun) / 1000 });
    appendFileSync(join(folder, 'told.jsonl'), `${JSON.stringify(times.at(-1))}\n`);
  }
  return times;
}

async function ask(memory, questions, engram, folder, { answers, update }) {
  const path = join(folder, 'asked.jsonl');
  const known = new Map(readLines(path).map((row) => [row.id, row]));
  const rows = [];
  for (const { id, question, answer: expected, evidence } of questions) {
    throwIfInterrupted();
    update(`asked ${rows.length} of ${questions.length}`);
    let row = known.get(id);
    if (row === undefined || (answers && row.f1 === undefined)) {
      const begun = performance.now();
      const prompt = Object.values(await memory.load({ input: question })).join('\n');
      const readMs = performance.now() - begun;
      row = {
        id,
        question,
        expected,
        readMs,
        promptTokens: await engram.countTokens(prompt),
        evidence: evidenceRecall(prompt, evidence),
        answerInPrompt: answerInPrompt(prompt, expected),
        ...(answers ? await answered(engram, prompt, question, expected) : {}),
      };
      appendFileSync(path, `${JSON.stringify(row)}\n`);
    }
    rows.push(row);
  }
  return rows;
}

async function answered(engram, prompt, question, expected) {
  const messages = [
    { role: 'system', content: `${TASK}\n${prompt}` },
    { role: 'user', content: question },
  ];
  const { answer } = await engram.chat(messages, { maxTokens: ANSWER_TOKENS, memories: false, passages: 0 });
  return { answer, f1: f1(answer, expected) };
}

/** A line that a crash cut off is passed over. */
function readLines(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

/** Means over all questions; of times the median. */
function summed(memory, told, asked) {
  const mean = (name) => asked.reduce((sum, row) => sum + (row[name] ?? 0), 0) / asked.length;
  const tokens = mean('promptTokens');
  return {
    memory,
    questions: asked.length,
    promptTokens: Math.round(tokens),
    evidenceRecall: significant(mean('evidence')),
    evidencePer1000Tokens: tokens === 0 ? 0 : significant((1000 * mean('evidence')) / tokens),
    answerInPrompt: significant(mean('answerInPrompt')),
    f1: asked.some((row) => row.f1 !== undefined) ? significant(mean('f1')) : undefined,
    saveSeconds: significant(median(told.map(({ seconds }) => seconds))),
    loadMs: significant(median(asked.map(({ readMs }) => readMs))),
  };
}

export function chatMemoryTable({ rows, peakGflops, model, conversations, ...result }) {
  const head = headLines(result, `peak ${peakGflops.f32} GFLOP/s (f32)`, model);
  const of = conversations.map(({ name, exchanges }) => `${name} (${exchanges} exchanges)`).join(', ');
  const cells = (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? '']));
  return `${head.join('\n')}\nconversations ${of}\n${table(rows.map(cells))}\n`;
}
