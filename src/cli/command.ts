// What a command of the command line is made of. Each file in commands/ describes one; program.ts makes the parser of them.
import type { Job } from './job.js';

export type Options = Readonly<Record<string, unknown>>;

export interface CommandSpec {
  /** Name and arguments as commander takes them, e.g. `ask [question...]`. */
  usage: string;
  /** One line for the list of commands. */
  summary: string;
  /** Of the commands of a group, the one that runs when none is named. */
  isDefault?: boolean;
  /** Flags and their descriptions; `--flag <value>...` may be given several times. */
  options?: readonly (readonly [flags: string, description: string])[];
  /** More of them, under headings, where there are many. */
  groups?: readonly (readonly [heading: string, options: NonNullable<CommandSpec['options']>])[];
  /** Flags by what the API calls them, where the names differ. */
  apiNames?: Readonly<Record<string, string>>;
  /** Command lines shown below the help of the command, and what else is to be known. */
  examples?: readonly string[];
  notes?: readonly string[];
  /** What it takes beside flags, and in which option it takes what it must have. */
  required?: readonly string[];
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

/** What an answer may rest on: shared by ask and chat. */
export const GROUNDING: NonNullable<CommandSpec['options']> = [
  ['--passages <number>', 'most passages of ingested documents to answer from, 0 for none (default: 3)'],
  [
    '--unknown <say|answer>',
    'a question about your own things that nothing remembered or ingested answers: say so, or have the model answer (default: say)',
  ],
];

/** What becomes of a long conversation. */
export const OVERFLOW: NonNullable<CommandSpec['options']> = [
  [
    '--overflow <shift|summarise>',
    'what becomes of the oldest turns when the context is full: left out, or summarised by the model (default: shift)',
  ],
];
