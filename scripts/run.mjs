// `npm run -s engram -- …`: the command line from the checkout, set up first if need be. Models are not fetched here: the
// command line does that itself, when it needs one. stdout carries only what the command line prints.
import { bootstrap, exitWith } from './bootstrap.mjs';
import { engram } from './set-up/cli.mjs';

await exitWith(async () => {
  await bootstrap({ models: false });
  return engram(process.argv.slice(2));
});
