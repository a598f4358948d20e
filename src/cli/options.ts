// The options that every command has: those of Engram.open(), and what is the command line's alone; from flags, else from the
// environment, else the defaults. Also flags and help out of tables of options, and values back. Not here: the tables (options/).
import {
  check,
  describe,
  read,
  settle,
  SETTINGS,
  table,
  type Given,
  type GivenSettings,
  type Option,
  type Settings,
  type Table,
  yes,
} from '../options/index.js';
import type { Environment } from './io.js';

/** What commander gives, by camel-cased flags. */
export type Options = Readonly<Record<string, unknown>>;

/** Flags and their descriptions; `--flag <value>...` may be given several times. */
export type Rows = readonly (readonly [flags: string, description: string])[];

/** What no library call has. */
const OUTPUT = table({
  json: { ...yes(), about: 'write one JSON value to stdout and nothing else', fallback: false },
  quiet: { ...yes(), about: 'no progress on stderr', fallback: false },
  alone: { ...yes(), about: 'load models here, also where `engram serve` runs in this home', fallback: false },
});

export const GLOBAL = { ...SETTINGS, ...OUTPUT };

export interface CliSettings extends Settings {
  json: boolean;
  quiet: boolean;
  alone: boolean;
}

/** Every global option has one. */
export function variableOf({ flag }: Option): string {
  return `ENGRAM_${flag.slice(2).replace(/-/g, '_').toUpperCase()}`;
}

/** `--top-k` is `topK` among what commander gives. */
export function attributeOf(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** An empty variable counts as not set. Throws `usage`, naming the flag or the variable. */
export function readSettings(flags: Options = {}, environment: Environment = process.env): CliSettings {
  const values = Object.entries(GLOBAL).flatMap(([name, option]: [string, Option]) => {
    const given = valueOf(name, option, flags);
    if (given !== undefined) return [[name, given] as const];
    const variable = environment[variableOf(option)];
    if (variable === undefined || variable === '') return [];
    return [[name, read(name, option, variable, variableOf(option))] as const];
  });
  const {
    json = false,
    quiet = false,
    alone = false,
    ...settings
  } = Object.fromEntries(values) as GivenSettings & {
    json?: boolean;
    quiet?: boolean;
    alone?: boolean;
  };
  return { ...settle(settings), json, quiet, alone };
}

/** What a command line gives for the options of a table, or for some of them. Throws `usage`, naming the flag. */
export function valuesOf<T extends Table, K extends keyof T & string = keyof T & string>(
  options: T,
  flags: Options,
  names: readonly K[] = Object.keys(options) as K[],
): Given<Pick<T, K>> {
  const values = names.map((name) => [name, valueOf(name, options[name]!, flags)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Given<Pick<T, K>>;
}

function valueOf(name: string, option: Option, flags: Options): unknown {
  const given = flags[attributeOf(option.flag)];
  if (given === undefined) return undefined;
  return typeof given === 'string' ? read(name, option, given, option.flag) : check(name, option, given, option.flag);
}

/** As a command has them. */
export function rowsOf(options: Table, names: readonly string[] = Object.keys(options)): Rows {
  return names.map((name) => [options[name]!.flags, describe(options[name]!)] as const);
}

/** Under their headings; `without`: those that the command does not have. */
export function groupsOf(options: Table, isMeant: (name: string) => boolean = () => true): [string, Rows][] {
  const groups = new Map<string, string[]>();
  for (const [name, { group }] of Object.entries(options)) {
    if (group !== undefined && isMeant(name)) groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return [...groups].map(([group, names]) => [group, rowsOf(options, names)]);
}

/** Those without a heading. */
export function ungrouped(options: Table): string[] {
  return Object.keys(options).filter((name) => options[name]!.group === undefined);
}
