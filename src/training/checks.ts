// Checks of training options: each names the option, what was expected and what was received. The native code checks again.
import { wrongOption } from '../errors.js';

export function refuse(name: string, expected: string, value: unknown): never {
  throw wrongOption(name, expected, value);
}

export function checkWhole(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    refuse(name, `a whole number ${range}`, value);
  }
  return value;
}

/** Finite, at least 0. */
export function checkNumber(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) refuse(name, 'a number from 0', value);
  return value;
}

/** Finite, more than 0. */
export function checkPositive(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) refuse(name, 'a number above 0', value);
  return value;
}

/** At least 0, less than 1. */
export function checkShare(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value < 1)) refuse(name, 'a number from 0 to below 1', value);
  return value;
}

export function checkOneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) refuse(name, `one of ${words.join(', ')}`, value);
  return found;
}
