// What an option is: the check of its value (zod), its default, its words for the help, and how a command line writes it. A table
// of options has each once; types, defaults, checks, flags and documentation follow from it. Not here: which options there are.
import type { z } from 'zod';
import { checkKeys } from '../config.js';
import { EngramError, wrongOption } from '../errors.js';

/** A kind of value: what checks it, what it is called, and how a text becomes one. */
export interface Kind<T extends z.ZodType = z.ZodType> {
  readonly type: T;
  /** As an error says it: `a whole number from 1 to 64`. */
  readonly expects: string;
  /** As the help names it: `<number>`; empty for a switch. */
  readonly value: string;
  /** What a text on a command line or in the environment means; undefined if nothing. */
  readonly fromText: (text: string) => unknown;
  readonly hint?: string;
  /** What was given is in no message: it may hold a password. */
  readonly isSecret?: boolean;
}

interface Draft<T extends z.ZodType = z.ZodType> extends Kind<T> {
  /** One line for the help. */
  readonly about: string;
  /** Default. */
  readonly fallback?: z.output<T>;
  /** The default as the help says it, where the value says too little. */
  readonly fallbackText?: string;
  /** Default: the name in kebab case. */
  readonly flag?: string;
  /** Heading that the help has it under. */
  readonly group?: string;
}

export interface Option<T extends z.ZodType = z.ZodType> extends Draft<T> {
  /** With its value, as commander takes it: `--top-k <number>`. */
  readonly flags: string;
  readonly flag: string;
}

export type Table = Readonly<Record<string, Option>>;

/** What may be given for a table: everything may be left out. */
export type Given<T extends Table> = { [K in keyof T]?: z.output<T[K]['type']> | undefined };

/** The same, of what was given: nothing is undefined. */
export type Exact<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Options by their names, each with its flag. */
export function table<T extends Record<string, Draft>>(drafts: T): { [K in keyof T]: Option<T[K]['type']> } {
  const whole = Object.entries(drafts).map(([name, draft]) => {
    const flag = draft.flag ?? `--${kebab(name)}`;
    return [name, { ...draft, flag, flags: draft.value === '' ? flag : `${flag} ${draft.value}` }];
  });
  return Object.fromEntries(whole) as { [K in keyof T]: Option<T[K]['type']> };
}

/** `topK` is `top-k`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A value, checked. `named`: what it is called where it came from. Throws `usage`. */
export function check<T extends z.ZodType>(
  name: string,
  option: Kind<T>,
  value: unknown,
  named: string = name,
): z.output<T> {
  const result = option.type.safeParse(value);
  if (result.success) return result.data;
  throw wrong(name, option, value, named);
}

function wrong(name: string, { expects, hint, isSecret }: Kind, value: unknown, named: string): EngramError {
  return wrongOption(name, expects, value, { named, hint, isSecret });
}

/** A value out of a text. Throws `usage`. */
export function read<T extends z.ZodType>(name: string, option: Kind<T>, text: string, named: string): z.output<T> {
  const value = option.fromText(text);
  if (value === undefined) throw wrong(name, option, text, named);
  try {
    return check(name, option, value, named);
  } catch (error) {
    // What was typed is shown, and not what was made of it.
    if (!(error instanceof EngramError)) throw error;
    throw wrong(name, option, text, named);
  }
}

/** What was given, checked, without what was left out. Throws `usage`, also for a name that no option has. */
export function checkAll<T extends Table>(options: T, given: Given<T>): Given<T> {
  checkKeys(given, Object.keys(options));
  const checked = Object.entries(given as Record<string, unknown>).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, check(name, options[name]!, value)] as const],
  );
  return Object.fromEntries(checked) as Given<T>;
}

/** The default, which the option must have. */
export function fallbackOf<T extends z.ZodType>({ fallback, flag }: Option<T>): z.output<T> {
  if (fallback === undefined) throw new RangeError(`${flag} has no default.`);
  return fallback;
}

/** An option as the help describes it. */
export function describe({ about, fallback, fallbackText }: Option): string {
  const text =
    fallbackText ??
    (fallback === undefined || fallback === false ? undefined : JSON.stringify(fallback).replaceAll('"', ''));
  return text === undefined ? about : `${about} (default: ${text})`;
}
