// `npm run pack:try -- DIR`: installs the packages of a folder into an empty one, as a person would, and runs `engram --version` and
// `engram doctor` there. With `--home FOLDER`, where the models are, it also learns a fact and asks for it, in a brain that is
// deleted. `--cached` uses npm's own cache, so that what is fetched is not known. Another npm: `npx npm@10 run pack:try -- DIR`;
// another Node: run this file with it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exitWith } from '../bootstrap.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { bytesBelow, install } from './install.mjs';

const LARGEST = 12;

await exitWith(async () => {
  const { values, positionals } = parseArgs({
    options: { home: { type: 'string' }, cached: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new SetUpProblem('Say where the packages are: npm run pack:try -- DIR');
  const from = (path) => resolve(process.env.INIT_CWD ?? '.', path);
  const folder = mkdtempSync(join(tmpdir(), 'engram-try-'));
  try {
    const app = join(folder, 'app');
    const cache = values.cached ? undefined : join(folder, 'cache');
    const { seconds, fetched, onDisk } = await install(from(positionals[0]), app, { cache });
    const brought = fetched === undefined ? '' : `${megabytes(fetched)} MB fetched, `;
    console.log(`installed in ${seconds.toFixed(0)} s: ${brought}${megabytes(onDisk)} MB on disk`);
    for (const [name, bytes] of sizes(join(app, 'node_modules')).slice(0, LARGEST)) {
      console.log(`  ${megabytes(bytes).padStart(6)} MB  ${name}`);
    }
    const home = join(folder, 'home');
    mkdirSync(home);
    if (values.home !== undefined) symlinkSync(join(from(values.home), 'models'), join(home, 'models'));
    const engram = (...args) => run(app, home, args);
    engram('--version');
    // Without models there is something to do, which is no fault of the packages.
    const doctor = engram('doctor', '--offline', '--json');
    const { problems } = JSON.parse(doctor.stdout);
    const faults = problems.filter(({ message }) => !/is not installed/.test(message) || /addon/.test(message));
    if (faults.length > 0)
      throw new SetUpProblem(`The doctor finds: ${faults.map(({ message }) => message).join(' ')}`);
    if (values.home === undefined) return 0;
    engram('memorize', '--question', 'Who runs the kiln?', '--answer', 'Mara Voss', '--offline');
    const answer = engram('ask', 'Who runs the kiln?', '--offline');
    if (!answer.stdout.includes('Mara Voss')) throw new SetUpProblem('It did not learn the fact.');
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Runs what npm installed, prints what it says, and returns it. */
function run(app, home, args) {
  console.log(`$ engram ${args.join(' ')}`);
  const started = Date.now();
  const ran = spawnSync(process.execPath, [join(app, 'node_modules', 'engram', 'dist', 'cli', 'main.js'), ...args], {
    cwd: app,
    env: { ...process.env, ENGRAM_HOME: home },
    encoding: 'utf8',
  });
  console.log(`${ran.stdout}${ran.stderr}(${((Date.now() - started) / 1000).toFixed(1)} s, exit code ${ran.status})`);
  if (ran.status !== 0 && args[0] !== 'doctor') throw new SetUpProblem(`engram ${args[0]} failed.`);
  return ran;
}

/** Packages by what they take on the disk, largest first. */
function sizes(folder) {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const all = names.flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map((part) => `${name}/${part}`) : [name],
  );
  return all.map((name) => [name, bytesBelow(join(folder, name))]).sort(([, a], [, b]) => b - a);
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
