// The parser: global options out of their table, commands out of commands/, mistakes with a hint. Not here: streams, signals
// and exit codes (run.ts).
import { Command, CommanderError, Option } from 'commander';
import { describe, type Option as TableOption } from '../options/index.js';
import type { CommandGroup, CommandSpec, Options } from './command.js';
import { adapters } from './commands/adapters.js';
import { ask } from './commands/ask.js';
import { bench } from './commands/bench.js';
import { brain } from './commands/brain.js';
import { build } from './commands/build.js';
import { chat } from './commands/chat.js';
import { chats } from './commands/chats.js';
import { classify } from './commands/classify.js';
import { complete } from './commands/complete.js';
import { demo } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { documents } from './commands/documents.js';
import { embed } from './commands/embed.js';
import { explain } from './commands/explain.js';
import { forget } from './commands/forget.js';
import { ingest } from './commands/ingest.js';
import { mcp } from './commands/mcp.js';
import { jobs } from './commands/jobs.js';
import { memories } from './commands/memories.js';
import { keys } from './commands/keys.js';
import { memorize } from './commands/memorize.js';
import { models } from './commands/models.js';
import { recall } from './commands/recall.js';
import { runs } from './commands/runs.js';
import { plot } from './commands/plot.js';
import { search } from './commands/search.js';
import { serve } from './commands/serve.js';
import { sleep } from './commands/sleep.js';
import { tokens } from './commands/tokens.js';
import { train } from './commands/train.js';
import { attributeOf, GLOBAL, variableOf } from './options.js';
import { worker } from './commands/worker.js';

export const COMMANDS: readonly (CommandSpec | CommandGroup)[] = [
  chat,
  chats,
  ask,
  complete,
  explain,
  memorize,
  memories,
  forget,
  brain,
  sleep,
  worker,
  jobs,
  ingest,
  search,
  recall,
  documents,
  train,
  classify,
  embed,
  plot,
  runs,
  adapters,
  models,
  serve,
  mcp,
  keys,
  tokens,
  doctor,
  build,
  bench,
  demo,
];

/** What was asked for: a command to run with its arguments, or text to print. */
export type Parsed =
  | { kind: 'command'; command: CommandSpec; given: Options; args: readonly string[]; options: Options }
  | { kind: 'text'; text: string }
  /** `help` is for people, who may not know yet what there is. */
  | { kind: 'mistake'; message: string; hint: string; help?: string };

/** Parses the arguments after the program's name. `columns` is the width that help is wrapped to. */
export function parse(argv: readonly string[], version: string, columns = 80): Parsed {
  const other = COMMANDS.find(
    (spec): spec is CommandSpec => 'run' in spec && spec.passesOn === true && spec.usage.split(' ')[0] === argv[0],
  );
  // It may be asked for JSON too, and then prints it itself.
  if (other !== undefined) {
    return { kind: 'command', command: other, args: argv.slice(1), options: {}, given: { json: false } };
  }
  let printed = '';
  let parsed: Parsed | undefined;
  const program = newProgram(
    version,
    columns,
    (text) => (printed += text),
    (command, args, options) => {
      parsed = { kind: 'command', command, args, options, given: given(program) };
    },
  );
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isAsked = error.exitCode === 0;
    return isAsked ? { kind: 'text', text: printed } : mistake(error, printed, argv);
  }
  return parsed ?? { kind: 'text', text: printed };
}

type Action = (command: CommandSpec, args: readonly string[], options: Options) => void;

function newProgram(version: string, columns: number, print: (text: string) => void, action: Action): Command {
  const program = new Command('engram')
    .description('A local LLM runtime that remembers by training itself.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(columns, 120) })
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => undefined })
    .showSuggestionAfterError(true)
    .exitOverride();
  for (const option of Object.values<TableOption>(GLOBAL)) program.addOption(globalOption(option));
  for (const spec of COMMANDS) {
    if ('commands' in spec) addGroup(program, spec, action);
    else addCommand(program, spec, action);
  }
  return program;
}

function globalOption(option: TableOption): Option {
  const text = describe(option);
  const variable = variableOf(option);
  return new Option(option.flags, text.endsWith(')') ? text.replace(/\)$/, `; ${variable})`) : `${text} (${variable})`);
}

function addGroup(program: Command, group: CommandGroup, action: Action): void {
  const parent = program
    .command(group.usage)
    .summary(group.summary)
    .description(`${capital(group.summary)}.`);
  for (const spec of group.commands) addCommand(parent, spec, action);
}

function addCommand(parent: Command, spec: CommandSpec, action: Action): void {
  const command = parent
    .command(spec.usage, { isDefault: spec.isDefault === true })
    .summary(spec.summary)
    .description(`${capital(spec.summary)}.`);
  for (const [heading, options] of [[undefined, spec.options ?? []] as const, ...(spec.groups ?? [])]) {
    for (const [flags, description] of options) {
      const isRepeatable = flags.endsWith('...');
      const option = new Option(isRepeatable ? flags.slice(0, -3) : flags, description);
      if (isRepeatable) option.argParser((value, before: string[] | undefined) => [...(before ?? []), value]);
      option.makeOptionMandatory(spec.required?.includes(option.attributeName()) === true);
      if (heading !== undefined) option.helpGroup(`${heading}:`);
      command.addOption(option);
    }
  }
  for (const [heading, lines] of [['Examples', spec.examples] as const, ['Notes', spec.notes] as const]) {
    if (lines === undefined) continue;
    command.addHelpText('after', `\n${heading}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  // What follows the name of a group is more likely a mistyped command of it than an argument of its default.
  if (spec.isDefault === true) command.allowExcessArguments();
  command.action(() => {
    const [extra] = spec.isDefault === true ? command.args : [];
    if (extra !== undefined) refuse(parent, extra);
    action(spec, command.args, command.opts());
  });
}

/** Throws as commander does where a group has no default, with its guess at what was meant. */
function refuse(parent: Command, word: string): never {
  const strict = new Command(parent.name()).exitOverride().configureOutput({ outputError: () => undefined });
  for (const known of parent.commands) strict.command(known.name());
  strict.parse([word], { from: 'user' });
  return parent.error(`error: too many arguments: '${word}'`);
}

/** The global options that were on the command line. */
function given(program: Command): Options {
  const names = Object.values<TableOption>(GLOBAL).map(({ flag }) => attributeOf(flag));
  return Object.fromEntries(names.map((name) => [name, program.getOptionValue(name) as unknown]));
}

/** commander's message without its `error: `, and its guess at what was meant as a hint. */
function mistake(error: CommanderError, printed: string, argv: readonly string[]): Parsed {
  // A command that only holds others prints its help where one of them is missing.
  if (error.code === 'commander.help') {
    return { kind: 'mistake', message: 'A command is missing.', hint: `See: ${meant(argv)} --help`, help: printed };
  }
  const [first, ...rest] = error.message.replace(/^error: /, '').split('\n');
  const guess = /^\((.*)\)$/.exec(rest.join(' ').trim())?.[1];
  const message = `${capital(first!).replace(/\.$/, '')}.`;
  return { kind: 'mistake', message, hint: guess ?? `See: ${meant(argv)} --help` };
}

/** The command that the words seem to mean. */
function meant(argv: readonly string[]): string {
  const named = (usage: string, word: string | undefined) => usage.split(' ')[0] === word;
  const found = COMMANDS.find(({ usage }) => argv.some((word) => named(usage, word)));
  if (found === undefined) return 'engram';
  const name = found.usage.split(' ')[0]!;
  const next = argv[argv.indexOf(name) + 1];
  const within = 'commands' in found && found.commands.some(({ usage }) => named(usage, next));
  return ['engram', name, ...(within ? [next] : [])].join(' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
