// The options of a script over the evaluation data that is run by itself. Not here: those of `bench` (options.mjs).
import { parseArgs } from 'node:util';

/** As parseArgs of node:util, with --data, which must be given, and --offset. `what` the data is, for whoever left it out. */
export function readScriptOptions({ options, ...config }, what = 'a folder with the evaluation data') {
  const given = { data: { type: 'string' }, offset: { type: 'string', default: '0' }, ...options };
  const parsed = parseArgs({ ...config, options: given });
  if (parsed.values.data !== undefined) return parsed;
  console.error(`Expected --data, ${what}.`);
  process.exit(2);
}
