// The compiler that builds for every platform from one machine: zig, as PyPI has it. ENGRAM_ZIG names another, with its arguments.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { at } from '../set-up/paths.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';

/** What is built depends on it to the byte. */
export const ZIG_VERSION = '0.17.1';

const PYTHON = at('build', 'zig', 'bin', 'python');

/** The command for zig. Fetches it into build/zig where it is not there. */
export async function zig() {
  const command = process.env.ENGRAM_ZIG ?? `${PYTHON} -m ziglang`;
  if (process.env.ENGRAM_ZIG === undefined && !existsSync(PYTHON)) await fetchZig();
  const [program, ...args] = command.split(' ');
  const { stdout } = spawnSync(program, [...args, 'version'], { encoding: 'utf8' });
  if (stdout?.trim() === ZIG_VERSION) return command;
  throw new SetUpProblem(`zig ${ZIG_VERSION} is needed; \`${command} version\` says ${stdout?.trim() || 'nothing'}.`);
}

async function fetchZig() {
  await phase(`Fetching zig ${ZIG_VERSION}`, async () => {
    await run('python3', ['-m', 'venv', at('build', 'zig')], { hint: 'Install Python 3 with its venv module.' });
    await run(PYTHON, ['-m', 'pip', 'install', '--quiet', `ziglang==${ZIG_VERSION}`]);
  });
}
