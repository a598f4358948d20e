// Runs the tools of set-up (npm, node-gyp, tsc). Their output goes to build/set-up.log; a person sees the end of it only if
// the tool fails.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { BUILD, ROOT, at } from './paths.mjs';
import { SetUpProblem } from './problem.mjs';

const LOG = at('build', 'set-up.log');
const SHOWN_LINES = 30;

/** A tool leads a process group of its own, so that its compilers end with it. Windows knows no such groups. */
const GROUPS = process.platform !== 'win32';

const children = new Set();

/** Begins a new log. */
export function startLog() {
  mkdirSync(BUILD, { recursive: true });
  writeFileSync(LOG, '');
}

/** Ends what is running, for Ctrl-C. */
export function endTools() {
  for (const child of children) {
    try {
      process.kill(GROUPS ? -child.pid : child.pid);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Runs a tool in the checkout and returns its stdout. Throws SetUpProblem with the end of its output if it fails. */
export function run(command, args, { env = {}, shell = false, hint = '' } = {}) {
  mkdirSync(BUILD, { recursive: true });
  appendFileSync(LOG, `\n$ ${command} ${args.join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell,
      detached: GROUPS,
    });
    children.add(child);
    let stdout = '';
    let said = '';
    const hear = (text) => {
      appendFileSync(LOG, text);
      said = (said + text).slice(-20_000);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      hear(text);
    });
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', (error) => {
      children.delete(child);
      reject(new SetUpProblem(`${command} could not be started: ${error.message}. ${hint}`));
    });
    child.on('close', (code, signal) => {
      children.delete(child);
      if (code === 0) return resolve(stdout);
      const end = said.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
      reject(
        new SetUpProblem(
          `${end}\n\n${command} failed (${signal ?? `exit code ${code}`}). ${hint}\nAll it said: ${LOG}`,
        ),
      );
    });
  });
}

/** npm is a .cmd file on Windows, which only a shell starts. */
export function npm(args, options) {
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}
