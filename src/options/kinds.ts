// The kinds of values that options have. Not here: the options themselves.
import { z } from 'zod';
import type { Kind } from './option.js';

/** Up to this is as good as without a limit, and not said. */
const FLOAT = 3.4e38;

function range(least: number, most: number): string {
  if (least <= -FLOAT && most >= FLOAT) return '';
  return most >= 2 ** 31 - 1 ? ` of at least ${least}` : ` from ${least} to ${most}`;
}

const numberOf = (text: string): number | undefined => {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
};

export const whole = (least: number, most: number = Number.MAX_SAFE_INTEGER, value = '<number>') =>
  ({
    type: z.int().min(least).max(most),
    expects: `a whole number${range(least, most)}`,
    value,
    fromText: numberOf,
  }) satisfies Kind;

export const number = (least = -FLOAT, most = FLOAT, value = '<number>') =>
  ({
    type: z.number().min(least).max(most),
    expects: `a number${range(least, most)}`,
    value,
    fromText: numberOf,
  }) satisfies Kind;

export const above = (least: number) =>
  ({
    type: z.number().gt(least).max(FLOAT),
    expects: `a number above ${least}`,
    value: '<number>',
    fromText: numberOf,
  }) satisfies Kind;

/** 0 to 1. */
export const share = () => number(0, 1, '<share>');

/** 0 to below 1. */
export const part = () =>
  ({
    type: z.number().min(0).lt(1),
    expects: 'a number from 0 to below 1',
    value: '<share>',
    fromText: numberOf,
  }) satisfies Kind;

export const text = (expects: string, value = '<text>') =>
  ({
    type: z.string().refine((given) => given.trim() !== ''),
    expects,
    value,
    fromText: (given: string) => given,
  }) satisfies Kind;

export const choice = <const T extends readonly [string, ...string[]]>(words: T, value = `<${words.join('|')}>`) =>
  ({
    type: z.enum(words),
    expects: words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`,
    value,
    fromText: (given: string) => given,
  }) satisfies Kind;

/** A switch: on a command line it is there or not. */
export const yes = () =>
  ({
    type: z.boolean(),
    expects: 'true or false',
    value: '',
    fromText: (given: string) => {
      const word = given.trim().toLowerCase();
      if (['1', 'true', 'yes', 'on'].includes(word)) return true;
      return ['0', 'false', 'no', 'off'].includes(word) ? false : undefined;
    },
  }) satisfies Kind;

/** Bytes; `2GB`, `1.5 GiB` or `800MB` as a text. */
export const size = () =>
  ({
    type: z.int().min(1),
    expects: 'a size',
    value: '<size>',
    hint: 'For example 2GB, 1.5GB or 800MB.',
    fromText: bytesOf,
  }) satisfies Kind;

const UNITS: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

function bytesOf(given: string): number | undefined {
  const match = /^([0-9]*\.?[0-9]+)\s*([kmg]i?b)$/.exec(given.trim().toLowerCase());
  const bytes = Math.round(Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
