// `npm run -s bench -- train|infer|index|retrieval|chat-memory|kernels`: benchmarks beside their peers, set up first if need be. stdout carries the result only,
// a table or with --json one document; progress is on stderr. docs/benchmarks.md says what each figure is.
import { bootstrap, exitWith } from '../bootstrap.mjs';

await exitWith(async () => {
  await bootstrap({ models: false });
  const { runBench } = await import('./program.mjs'); // what it needs is there only now
  return runBench(process.argv.slice(2));
});
