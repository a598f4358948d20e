// Loads the native addon and makes EngramErrors of what it throws. Not here: what its functions are; training/ and
// inference/ each describe and use their own.
import { createRequire } from 'node:module';
import { EngramError, type ErrorCode } from './errors.js';
import { findCompiled, howToGetAddon, platformName } from './prebuilt.js';

/** The part of the addon that `Functions` describes. Throws `native` with what to do about it. */
export function loadAddon<Functions extends object>(names: readonly (keyof Functions & string)[]): Functions {
  return loadAddonFrom(findCompiled('engram.node'), names) as Functions;
}

/** Loads the addon from a file, once; undefined is one that was not found. `names`: functions that it must have. */
export function loadAddonFrom(path: string | undefined, names: readonly string[]): unknown {
  if (path === undefined) throw unusable(path, 'is missing');
  let exports: Record<string, unknown>;
  try {
    exports = createRequire(import.meta.url)(path) as Record<string, unknown>; // kept by Node
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw unusable(path, `cannot be loaded: ${reason}`, error);
  }
  if (names.every((name) => typeof exports[name] === 'function')) return exports;
  throw unusable(path, 'was built for another version of engram');
}

function unusable(path: string | undefined, why: string, cause?: unknown): EngramError {
  return new EngramError('native', `The native addon ${why.replace(/\.$/, '')}.`, {
    hint: howToGetAddon(),
    cause,
    details: { path, node: process.versions.node, platform: platformName() },
  });
}

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'usage',
  'cancelled',
  'disk',
  'corrupt',
  'unsupported',
  'mismatch',
  'not_found',
  'empty',
  'too_long',
  'diverged',
  'memory',
  'native',
  'internal',
]);

/** An error of the addon as an EngramError; its own stack is that of the caller. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EngramError) return error;
  const { code, hint } = error as Error & { code?: unknown; hint?: unknown };
  return new EngramError(
    typeof code === 'string' && CODES.has(code) ? (code as ErrorCode) : 'internal',
    error.message,
    {
      hint: typeof hint === 'string' ? hint : undefined,
      cause: error,
    },
  );
}

/** Runs a call of the addon; what it throws comes out as an EngramError. */
export function callNative<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

/** The same for a call that returns a promise. */
export async function awaitNative<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromNative(error);
  }
}
