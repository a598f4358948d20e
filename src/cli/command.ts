// What a command of the command line is made of. Each file in commands/ describes one; program.ts makes the parser of them.
import type { Job } from './job.js';
import type { Options, Rows } from './options.js';

export type { Options };

export interface CommandSpec {
  /** Name and arguments as commander takes them, e.g. `ask [question...]`. */
  usage: string;
  /** One line for the list of commands. */
  summary: string;
  /** Of the commands of a group, the one that runs when none is named. */
  isDefault?: boolean;
  options?: Rows;
  /** More of them, under headings, where there are many. */
  groups?: readonly (readonly [heading: string, options: Rows])[];
  /** Flags by what the API calls them, where the names differ. */
  apiNames?: Readonly<Record<string, string>>;
  /** Command lines shown below the help of the command, and what else is to be known. */
  examples?: readonly string[];
  notes?: readonly string[];
  /** What it takes beside flags, and in which option it takes what it must have. */
  required?: readonly string[];
  /** Asks a running `engram serve` of the home, where there is one, in place of loading models here. */
  served?: true;
  /** What follows its name as the first word is not parsed here, options and --help neither: it all comes as arguments. */
  passesOn?: true;
  /** Words of the arguments, and options by their camel-cased names. Returns the exit code if it is not 0. */
  run: (job: Job, args: readonly string[], options: Options) => Promise<number | undefined>;
}

/** A command that only holds others, e.g. `models`. */
export interface CommandGroup {
  usage: string;
  summary: string;
  commands: readonly CommandSpec[];
}
