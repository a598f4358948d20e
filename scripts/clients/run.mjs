// Clients of others as real programs against `engram serve` with the real model; needs a build, the models, python3 with pip:
//   node scripts/clients/run.mjs [--venv FOLDER] [--only openai,llm]
// The Python packages go into a virtual environment outside of the checkout. Prints what held, by client and route; ends with 1 if
// anything did not, and with 0 and a word where there is no pip.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readSettings } from '../../dist/cli/options.js';
import { findServer } from '../../dist/server-note.js';

const PACKAGES = ['openai', 'anthropic', 'ollama', 'llm'];
const MODEL = 'smollm2-135m-instruct';
const EMBEDDER = 'all-minilm-l6-v2';
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const { values } = parseArgs({
  options: { venv: { type: 'string', default: join(tmpdir(), 'engram-clients') }, only: { type: 'string' } },
});
const only = values.only?.split(',') ?? PACKAGES;
const bin = (name) => join(values.venv, process.platform === 'win32' ? 'Scripts' : 'bin', name);

if (!prepare()) {
  console.log('skipped: no python3 with venv and pip, or the packages could not be fetched');
} else {
  const home = mkdtempSync(join(tmpdir(), 'engram-clients-home-'));
  symlinkSync(join(readSettings().home, 'models'), join(home, 'models'));
  const child = spawn(
    process.execPath,
    [here('../../dist/cli/main.js'), 'serve', '--port', '0', '--offline', '--quiet'],
    {
      env: { ...process.env, ENGRAM_HOME: home, ENGRAM_MODEL: MODEL, ENGRAM_EMBEDDER: EMBEDDER },
      stdio: 'inherit',
    },
  );
  try {
    const rows = await tryAll(await begun(home), home);
    for (const { client, route, ok, why = '' } of rows)
      console.log(`${ok ? '✓' : '✗'}  ${client.padEnd(10)} ${route}  ${why}`);
    if (rows.some(({ ok }) => !ok)) process.exitCode = 1;
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('close', resolve));
    rmSync(home, { recursive: true, force: true });
  }
}

function prepare() {
  const run = (program, args) => spawnSync(program, args, { stdio: 'inherit' }).status === 0;
  if (!existsSync(bin('python')) && !run('python3', ['-m', 'venv', values.venv])) return false;
  const has = spawnSync(bin('python'), ['-c', `import ${PACKAGES.join(', ')}`]).status === 0;
  return has || run(bin('python'), ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
}

async function begun(home) {
  for (let i = 0; i < 600; i++) {
    const found = await findServer(home);
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error('The server did not start.');
}

async function tryAll({ url, key }, home) {
  const env = { ...process.env, BASE_URL: url, KEY: key, MODEL, EMBEDDER, PYTHONPATH: here('.') };
  const rows = [];
  for (const client of only.filter((name) => name !== 'llm')) {
    const { out, code, err } = await output(bin('python'), [here(`${client}_client.py`)], env);
    for (const line of out.split('\n').filter(Boolean)) rows.push({ client, ...JSON.parse(line) });
    if (code !== 0) rows.push({ client, route: '', ok: false, why: err.slice(-300) });
  }
  if (only.includes('llm')) rows.push(...(await tryLlm(url, key, home, env)));
  return rows;
}

/** The command line `llm`, which reads its models from a file. */
async function tryLlm(url, key, home, env) {
  const folder = join(home, 'llm');
  mkdirSync(folder);
  const models = [
    ...[
      `- model_id: engram`,
      `  model_name: ${MODEL}`,
      `  api_base: ${url}/v1`,
      `  api_key_name: engram`,
      `  supports_schema: true`,
    ],
  ];
  writeFileSync(join(folder, 'extra-openai-models.yaml'), `${models.join('\n')}\n`);
  const llm = async (route, args, holds) => {
    const all = ['-m', 'engram', '--key', key, '-o', 'max_tokens', '24', ...args];
    const { out, code, err } = await output(bin('llm'), all, { ...env, LLM_USER_PATH: folder });
    const ok = code === 0 && holds(out);
    return { client: 'llm', route, ok, ...(ok ? {} : { why: `${out} ${err}`.slice(-300) }) };
  };
  const says = (text) => text.trim() !== '';
  return [
    await llm('POST /v1/chat/completions, streamed', ['What is the capital of France?'], says),
    await llm('POST /v1/chat/completions, whole', ['--no-stream', 'What is the capital of France?'], says),
    await llm('POST /v1/chat/completions, a conversation', ['-c', 'And of Italy?'], says),
    await llm(
      'POST /v1/chat/completions, a schema',
      ['--schema', 'year int', 'A year.'],
      (text) => 'year' in JSON.parse(text),
    ),
  ];
}

function output(program, args, env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (piece) => (out += piece));
    child.stderr.setEncoding('utf8').on('data', (piece) => (err += piece));
    child.once('error', (error) => resolve({ out, code: 1, err: String(error) }));
    child.once('close', (code) => resolve({ out, code, err }));
  });
}
