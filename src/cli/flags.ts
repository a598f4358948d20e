// Errors about options in the words of the command line: `--batch-size` where the API says `batchSize`. Not here: parsing
// (program.ts), and which values an option takes, which the tables say.
import { EngramError, renamed } from '../errors.js';
import { GROUNDING, SAMPLING, SETTINGS, TRAINING, type Table } from '../options/index.js';
import type { CommandSpec } from './command.js';
import { attributeOf } from './options.js';

type Flags = Pick<CommandSpec, 'options' | 'groups' | 'apiNames'>;

/** The same error, about the flag; any other value as it is. */
export function inFlags(error: unknown, command: Flags): unknown {
  if (!(error instanceof EngramError) || error.option === undefined) return error;
  // Of an entry of an option (`rankPattern["3.v"]`) the option has the flag.
  const [name = '', entry = ''] = /^([^[]*)(.*)$/s.exec(error.option)?.slice(1) ?? [];
  const long = flagOf(name, command);
  const flag = long === undefined ? undefined : `${long}${entry}`;
  if (flag === undefined || error.message.includes(` for ${flag} `)) return error;
  const worded = renamed(error, flag);
  if (worded !== error) return worded;
  const { code, message, option, details } = error;
  const hint = [error.hint ?? '', `It is about ${flag}.`].join(' ').trim();
  return new EngramError(code, message, { hint, option, details, cause: error });
}

/** Undefined for what the command has no flag for. */
function flagOf(option: string, { options = [], groups = [], apiNames = {} }: Flags): string | undefined {
  const own = [...options, ...groups.flatMap(([, more]) => more)].map(([flags]) => longOf(flags));
  const tables: readonly Table[] = [SAMPLING, GROUNDING, TRAINING];
  const named = [apiNames[option], ...tables.map((table) => table[option]?.flag)].find(
    (flag) => flag !== undefined && own.includes(flag),
  );
  const settings: Table = SETTINGS;
  return named ?? own.find((flag) => attributeOf(flag) === option) ?? settings[option]?.flag;
}

const longOf = (flags: string): string => /--[a-z][a-z-]*/.exec(flags)?.[0] ?? flags;
