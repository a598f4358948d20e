// `npm run pack:standalone -- DIR`: makes engram-<platform>.tar.gz of the packages in a folder, with Node inside, for people who have
// none: unpack it and run bin/engram. The Node is the one that runs this; `--node FILE` names another, and with `--only NAME` it may
// be another platform's.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { create } from 'tar';
import { exitWith } from '../bootstrap.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';
import { install } from './install.mjs';
import { TARGETS } from './targets.mjs';

const START = `#!/bin/sh
# Starts engram with the Node beside it, from wherever this is called or linked.
self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=$(dirname "$self")/$link ;; esac
done
here=$(CDPATH= cd "$(dirname "$self")" && pwd)
exec "$here/node" "$here/../node_modules/engram/dist/cli/main.js" "$@"
`;

await exitWith(async () => {
  const { values, positionals } = parseArgs({
    options: { node: { type: 'string' }, only: { type: 'string' } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new SetUpProblem('Say where the packages are: npm run pack:standalone -- DIR');
  const from = (path) => resolve(process.env.INIT_CWD ?? '.', path);
  const name = values.only ?? `${process.platform}-${process.arch}`;
  const platform = TARGETS[name];
  if (platform === undefined || platform.os === 'win32')
    throw new SetUpProblem(`Not for ${name}: it starts by a shell script.`);
  if (values.only !== undefined && values.node === undefined)
    throw new SetUpProblem(`Name the Node for ${name}: --node FILE`);
  const node = values.node === undefined ? process.execPath : from(values.node);
  const work = mkdtempSync(join(tmpdir(), 'engram-standalone-'));
  try {
    const folder = join(work, `engram-${name}`);
    await install(from(positionals[0]), folder, { platform });
    mkdirSync(join(folder, 'bin'));
    cpSync(node, join(folder, 'bin', 'node'), { dereference: true });
    const licence = join(dirname(dirname(node)), 'LICENSE');
    if (existsSync(licence)) cpSync(licence, join(folder, 'bin', 'node-LICENSE'));
    writeFileSync(join(folder, 'bin', 'engram'), START);
    for (const file of ['node', 'engram']) chmodSync(join(folder, 'bin', file), 0o755);
    const out = join(from(positionals[0]), `engram-${name}.tar.gz`);
    await create({ cwd: work, file: out, gzip: { level: 9 }, portable: true, mtime: new Date(0) }, [`engram-${name}`]);
    console.log(`${out}  ${(statSync(out).size / 1e6).toFixed(1)} MB`);
    return 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
