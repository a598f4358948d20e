// `npm run -s bench -- train|infer|memory|…`, and `engram bench …`: benchmarks beside their peers. In a checkout what they need is
// set up first if need be; an installed package has it. stdout carries the result only, a table or with --json one document;
// progress is on stderr. docs/benchmarks.md says what each figure is.
import { existsSync } from 'node:fs';
import { bootstrap, exitWith } from '../bootstrap.mjs';
import { at } from '../set-up/paths.mjs';

await exitWith(async () => {
  if (existsSync(at('src'))) await bootstrap({ models: false });
  const { runBench } = await import('./program.mjs'); // what it needs is there only now
  return runBench(process.argv.slice(2));
});
