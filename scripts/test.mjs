// `npm test`: set-up, then every part of the tests, also after one that failed. Ends with `N passed, N failed` over all of
// them. `npm test -- unit native` runs only those parts.
import { spawn } from 'node:child_process';
import { bootstrap, exitWith } from './bootstrap.mjs';
import { startCompiling } from './head-start.mjs';
import { ROOT } from './set-up/paths.mjs';
import { SetUpProblem } from './set-up/problem.mjs';
import { PARTS } from './test-parts.mjs';

/** Parts that need the models. */
const WITH_MODELS = ['contract', 'native', 'model'];
/** The second model that memory is tested with, in other languages than English. */
const SECOND = 'gemma-3-270m';

await exitWith(async () => {
  const parts = chosen(process.argv.slice(2));
  const names = parts.map(({ name }) => name);
  const models = WITH_MODELS.some((name) => names.includes(name));
  await bootstrap({ models, others: names.includes('model') ? [SECOND] : [] });
  const stopCompiling = startCompiling(parts.flatMap((part) => (part.compile ? [part.compile()] : [])));
  const results = [];
  for (const part of parts) {
    if (part.compile) await stopCompiling();
    results.push(await runPart(part));
  }
  return summarize(results);
});

function chosen(names) {
  const unknown = names.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) {
    throw new SetUpProblem(
      `No such part: ${unknown.join(', ')}. There are: ${PARTS.map((part) => part.name).join(', ')}`,
    );
  }
  return names.length === 0 ? PARTS : PARTS.filter((part) => names.includes(part.name));
}

async function runPart(part) {
  process.stdout.write(`\n── ${part.name} ${'─'.repeat(Math.max(3, 60 - part.name.length))}\n`);
  const why = part.skip?.();
  if (why !== undefined) {
    process.stdout.write(`skipped: ${why}\n`);
    return { name: part.name, passed: 0, failed: 0, skipped: 1, seconds: 0 };
  }
  const started = Date.now();
  const { code, output } = await stream(part.command());
  return { name: part.name, ...part.count(code, output), seconds: (Date.now() - started) / 1000 };
}

/** Runs a command, shows its output as it comes, and returns it with the exit code (-1 if a signal ended it). */
function stream([command, ...args]) {
  return new Promise((resolve) => {
    const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...colour },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const hear = (target) => (text) => {
      target.write(text);
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', hear(process.stdout));
    child.stderr.setEncoding('utf8').on('data', hear(process.stderr));
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve({ code: -1, output });
    });
    child.on('close', (code) => {
      resolve({ code: code ?? -1, output });
    });
  });
}

/** Prints a line for each part and the sum of them; returns the exit code. */
function summarize(results) {
  const words = ({ passed, failed, skipped }) =>
    `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  const sum = { passed: 0, failed: 0, skipped: 0 };
  process.stdout.write('\n');
  for (const result of results) {
    for (const key of Object.keys(sum)) sum[key] += result[key];
    process.stdout.write(`${result.name.padEnd(13)} ${words(result)} (${result.seconds.toFixed(1)} s)\n`);
  }
  process.stdout.write(`\n${words(sum)}\n`);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}
