// `npm run -s engram -- …`: the command line from the checkout, set up first if need be. Models are not fetched here: the
// command line does that itself, when it needs one. stdout carries only what the command line prints.
import { bootstrap, exitWith } from './bootstrap.mjs';
import { engram } from './set-up/cli.mjs';

await exitWith(async () => {
  await bootstrap({ models: false });
  // npm goes to the checkout first; paths are meant from where the person is.
  const { npm_lifecycle_event: script, INIT_CWD: from } = process.env;
  if (script === 'engram' && from) process.chdir(from);
  return engram(process.argv.slice(2));
});
