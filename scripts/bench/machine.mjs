// Where figures were measured: machine, commit, versions. Part of every result, because figures of two machines do not compare.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { cpuInfo } from '../../dist/training/index.js';
import { ROOT, at } from '../set-up/paths.mjs';

/** What every result begins with: to be called before anything is measured. `head()` is for the end: it says how long it took. */
export function beginReport(benchmark) {
  const started = Date.now();
  const machine = describeMachine();
  const source = describeSource();
  const head = () => ({
    benchmark,
    date: new Date(started).toISOString(),
    seconds: Math.round((Date.now() - started) / 1000),
    machine,
    ...source,
  });
  return { machine, head };
}

/** `load` is the load average of the last minute: above about 0.3 the machine is not quiet. */
function describeMachine() {
  const { features, kernel } = cpuInfo();
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? process.arch,
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    features,
    kernel,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

export function describeSource() {
  const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  return { engram: version, commit: commit(), node: process.versions.node };
}

/** Undefined outside a checkout; with `+` if files were changed since. */
function commit() {
  if (!existsSync(at('.git'))) return undefined; // an installed package may lie in somebody else's checkout
  const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    return git('rev-parse', '--short=10', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return undefined;
  }
}
