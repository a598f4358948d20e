// `node scripts/docs/record.mjs FILE.cast`: runs commands of `engram` in a terminal, with a home of its own, and keeps what they
// print, and when, as an asciicast (version 2). Not here: the picture that is made of it (terminal.mjs).
// Needs `script` of util-linux, a built checkout, and the models of ENGRAM_HOME, which are linked and not changed.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, homedir, loadavg, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';

const ROOT = join(import.meta.dirname, '..', '..');
const SIZE = { width: 92, height: 40 };
const PROMPT = '\u001b[32m$\u001b[0m ';

const COMMANDS = [
  'engram ask "Who runs the kiln in the garden?"',
  'engram memorize "The kiln in the garden is run by Mara Voss."',
  'engram ask "Who is in charge of the kiln?"',
  'engram forget kiln',
];

const file = process.argv[2];
if (file === undefined) throw new Error('Name the file to write: node scripts/docs/record.mjs FILE.cast');

const place = mkdtempSync(join(tmpdir(), 'engram-record-'));
try {
  const events = [];
  let at = 0;
  const add = (text) => events.push([Number(at.toFixed(3)), 'o', text]);
  for (const command of COMMANDS) {
    add(PROMPT);
    // What a person types takes its time; it is not measured.
    for (const letters of command.match(/.{1,2}/g)) {
      at += 0.06;
      add(letters);
    }
    at += 0.4;
    add('\r\n');
    const began = performance.now();
    const start = at;
    await run(command, (text) => {
      at = start + (performance.now() - began) / 1000;
      add(text);
    });
    at = start + (performance.now() - began) / 1000;
    // A mark is the field's word for a place in a recording: here what the command took.
    const took = `CPU ${processorSeconds().toFixed(0)} s, clock ${(at - start).toFixed(0)} s`;
    events.push([Number(at.toFixed(3)), 'm', took]);
    console.error(`${took}  ${command}`);
  }
  const head = { version: 2, ...SIZE, timestamp: Math.round(Date.now() / 1000), title: describe() };
  writeFileSync(file, `${[head, ...events].map((line) => JSON.stringify(line)).join('\n')}\n`);
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** The command as a person would run it, in a terminal of SIZE; `onText` gets what it prints as it comes. */
function run(command, onText) {
  const bin = join(place, 'bin');
  const home = join(place, 'home');
  mkdirSync(bin, { recursive: true });
  mkdirSync(home, { recursive: true });
  const models = join(home, 'models');
  const own =
    process.env.ENGRAM_HOME ?? join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'engram');
  rmSync(models, { force: true });
  symlinkSync(join(own, 'models'), models);
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  // `times` of the shell: on a machine with other work the clock says little.
  const shim = `#!/bin/sh\n'${process.execPath}' '${main}' "$@"\ncode=$?\ntimes > '${join(place, 'times')}'\nexit $code\n`;
  writeFileSync(join(bin, 'engram'), shim, { mode: 0o755 });
  const line = `stty cols ${SIZE.width} rows ${SIZE.height}; ${command}`;
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    ENGRAM_HOME: home,
    TERM: 'xterm-256color',
  };
  const child = spawn('script', ['-qefc', line, '/dev/null'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
    onText(text);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}: ${said}`))));
  });
}

/** User and system time of the last command: the second line of `times` is that of what the shell ran. */
function processorSeconds() {
  const [user, system] = readFileSync(join(place, 'times'), 'utf8').trim().split('\n')[1].split(' ');
  return [user, system].reduce((sum, time) => {
    const [minutes, seconds] = time.split('m');
    return sum + 60 * Number(minutes) + Number(seconds.replace('s', ''));
  }, 0);
}

/** Machine, load and commit: what a reader needs to judge the times. */
function describe() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const load = loadavg()[0].toFixed(0);
  return `${cpus()[0].model}, ${cpus().length} cores, load ${load}, commit ${commit}`;
}
