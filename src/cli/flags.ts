// Errors about options in the words of the command line: `--batch-size` where the API says `batchSize`. Not here: parsing
// (program.ts), and which values an option takes, which the API checks.
import { OPTIONS } from '../config.js';
import { EngramError } from '../errors.js';
import type { CommandSpec } from './command.js';

/** The option in `Expected X for batchSize but received Y.` and in `…: batchSize was X; epochs was Y.` */
const NAMED = /(?<= for |: |; )[a-z]\w*(?=(?:\[".*?"\])? but received | was )/gi;

type Flags = Pick<CommandSpec, 'options' | 'groups' | 'apiNames'>;

/** `--top-k` is `topK` among the options. */
export function nameOf(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The same error with flags of the command for names of the API's options; any other value as it is. */
export function inFlags(error: unknown, command: Flags): unknown {
  if (!(error instanceof EngramError) || (error.code !== 'usage' && error.code !== 'mismatch')) return error;
  const flags = flagsOf(command);
  const message = error.message.replace(NAMED, (name) => flags.get(name) ?? name);
  if (message === error.message) return error;
  const { code, hint, details } = error;
  return new EngramError(code, message, { hint, details, cause: error });
}

/** By the names that the API has for them. */
function flagsOf({ options = [], groups = [], apiNames = {} }: Flags): ReadonlyMap<string, string> {
  const own = [...options, ...groups.flatMap(([, more]) => more)].map(([flags]) => flags);
  const global = Object.values(OPTIONS).map(({ flag }) => flag);
  const long = [...global, ...own].flatMap((flags) => /--[a-z][a-z-]*/.exec(flags)?.[0] ?? []);
  return new Map([...long.map((flag) => [nameOf(flag), flag] as const), ...Object.entries(apiNames)]);
}
