// `npm run -s engram -- …`: the command line from the checkout, set up first if need be. stdout carries only what the command
// line prints.
import { bootstrap, exitWith } from './bootstrap.mjs';
import { engram } from './set-up/cli.mjs';

const args = process.argv.slice(2);

/** Commands that need no model, and ways of saying that none shall be fetched. */
const WITHOUT_MODELS = ['models', 'doctor', 'help', '--help', '-h', '--version', '-V', '--offline'];

await exitWith(async () => {
  const models = args.length > 0 && !args.some((arg) => WITHOUT_MODELS.includes(arg));
  await bootstrap({ models, home: option('--home') });
  return engram(args);
});

/** The value of `--name value` or `--name=value`. */
function option(name) {
  const index = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  if (index < 0) return undefined;
  return args[index].includes('=') ? args[index].slice(name.length + 1) : args[index + 1];
}
