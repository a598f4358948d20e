// The whole benchmark of serving: conversations of 1, 2, 4 … clients at once over HTTP, engram beside llama.cpp's llama-server over the
// same GGUF with as many slots, in turn. What cannot be measured has a reason in its row.
import { availableParallelism } from 'node:os';
import { readSettings } from '../../dist/cli/options.js';
import { resolveModel } from '../../dist/models/index.js';
import { note, phase } from '../set-up/progress.mjs';
import { interruption, throwIfInterrupted } from './child.mjs';
import { buildLlama } from './llama-build.mjs';
import { beginReport } from './machine.mjs';
import { reasonOf } from './peers.mjs';
import { converse } from './serve/clients.mjs';
import { startEngram, startLlamaServer } from './serve/servers.mjs';
import { percentile, significant } from './statistics.mjs';

export const PEERS = ['llama-server'];
const CONTEXT = 2048;

/** Options as command.mjs reads them; returns what --json prints. */
export async function benchServe({ clients, seconds, maxTokens, peers, slots, threads, model: wanted }) {
  const report = beginReport('serve');
  const settings = readSettings();
  const { name, path } = await resolveModel(settings.home, wanted ?? settings.model);
  const options = { model: path, slots, contextSize: CONTEXT, threads: threads ?? availableParallelism() };
  const servers = { engram: () => startEngram(options) };
  let version;
  if (peers.includes('llama-server')) {
    try {
      const built = await buildLlama('llama-server');
      version = built.version;
      servers['llama-server'] = () => startLlamaServer(built.path, options);
    } catch (error) {
      throwIfInterrupted();
      note(`Without llama-server: ${reasonOf(error)}`);
    }
  }
  const rows = [];
  for (const [server, start] of Object.entries(servers)) {
    rows.push(...(await phase(`Asking ${server}`, () => rowsOf(server, start, { clients, seconds, maxTokens }))));
  }
  return { ...report.head(), ...options, model: name, peer: version, rows };
}

async function rowsOf(server, start, { clients, seconds, maxTokens }) {
  const rows = [];
  let running;
  try {
    running = await start();
    const model = await modelOf(running.url);
    const ask = (count, time) =>
      converse({ url: running.url, model, clients: count, seconds: time, maxTokens, signal: interruption });
    await ask(1, 1); // loads and warms up
    for (const count of clients) rows.push(rowOf(server, count, await ask(count, seconds)));
  } catch (error) {
    throwIfInterrupted();
    rows.push({ server, why: reasonOf(error) });
  } finally {
    await running?.end();
  }
  const alone = rows.find((row) => row.clients === 1)?.tokensPerSecond;
  return rows.map((row) => ({ ...row, ofOne: alone && significant(row.tokensPerSecond / alone) }));
}

/** Names differ: a base model of engram, a path of llama-server; what remembers is not asked. */
async function modelOf(url) {
  const { data } = await (await fetch(`${url}/v1/models`)).json();
  return (data.find(({ engram }) => engram?.kind === 'base') ?? data[0]).id;
}

function rowOf(server, clients, { answers, seconds }) {
  const sum = (key) => answers.reduce((total, one) => total + one[key], 0);
  const of = (key, share) =>
    significant(
      percentile(
        answers.map((one) => one[key]),
        share,
      ),
    );
  return {
    ...{ server, clients, answers: answers.length },
    tokensPerSecond: significant(sum('tokens') / seconds),
    ...{ firstMs50: of('firstMs', 0.5), firstMs99: of('firstMs', 0.99) },
    cached: significant(sum('cachedTokens') / sum('promptTokens')),
  };
}
