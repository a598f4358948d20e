// The benchmarks of single kernels, native/bench: built with its Makefile, run one after the other, their tables passed on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { at } from '../set-up/paths.mjs';
import { phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { throwIfInterrupted } from './child.mjs';

const PROGRAMS = ['gemm_bench', 'ops_bench'];

export async function benchKernels({ threads }) {
  await phase('Building native/bench', () => run(process.env.MAKE ?? 'make', ['-C', at('native'), 'bench']));
  for (const program of PROGRAMS) {
    throwIfInterrupted();
    const child = spawn(at('build', 'native-release', program), [String(threads)], { stdio: 'inherit' });
    process.once('SIGTERM', () => child.kill());
    const [code] = await once(child, 'exit');
    throwIfInterrupted();
    if (code !== 0) throw new SetUpProblem(`${program} failed.`);
  }
}
