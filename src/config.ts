// Names, misspelt words and the folder of a home: what is checked wherever something is named. Not here: the options (options/).
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';
import { EngramError, wrongOption } from './errors.js';

/** Names that Windows keeps for devices, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** What a name may be, as a sentence. */
export const NAME_HINT = 'A name has up to 48 letters, digits, ".", "_" or "-" and starts with a letter or digit.';

/** Checks the name of a brain or an adapter, which becomes the name of a file: letters and digits of any language, `.`,
 * `_` and `-`, starting with a letter or digit, at most 48 characters. Throws `usage`. */
export function checkName(value: unknown, where: string): string {
  const name = typeof value === 'string' ? value.normalize('NFC') : '';
  if (!isName(name)) throw wrongOption('name', 'a name', value, { named: where, hint: NAME_HINT });
  return name;
}

export function isName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,47}$/u.test(name) && !name.endsWith('.') && !DEVICE.test(name);
}

/** Where models and brains are kept unless told: the platform's folder for data of programs. */
export function defaultHome(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  userFolder: string = homedir(),
): string {
  if (platform === 'win32') {
    return win32.join(env['LOCALAPPDATA'] ?? win32.join(userFolder, 'AppData', 'Local'), 'engram');
  }
  if (platform === 'darwin') return posix.join(userFolder, 'Library', 'Application Support', 'engram');
  const data = env['XDG_DATA_HOME'];
  // The XDG specification says that a relative path here is to be ignored.
  const isUsable = data !== undefined && posix.isAbsolute(data);
  return posix.join(isUsable ? data : posix.join(userFolder, '.local', 'share'), 'engram');
}

/** Throws `usage`, with a guess at what was meant, if `given` has a key that is not among `known`. */
export function checkKeys(given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const guess = suggest(key, known);
    throw new EngramError('usage', `There is no option "${key}".`, {
      option: key,
      hint: guess === undefined ? `Options: ${known.join(', ')}.` : `Did you mean "${guess}"?`,
    });
  }
}

/** The known word nearest to a misspelt one, if one is near: at most a third of its letters wrong. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((score) => score.distance <= Math.max(1, Math.floor(score.candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return scored[0]?.candidate;
}

/** Letters to insert, delete, replace or swap with a neighbour to turn one word into the other. */
export function distance(a: string, b: string): number {
  let previous: number[] = [];
  let current = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(current[j]! + 1, next[j - 1]! + 1, current[j - 1]! + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, previous[j - 2]! + 1);
      next.push(least);
    }
    previous = current;
    current = next;
  }
  return current[b.length]!;
}
