// Where things lie in the checkout. Everything that set-up makes is in folders that git ignores.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const BUILD = join(ROOT, 'build');

/** A path inside the checkout. */
export const at = (...parts) => join(ROOT, ...parts);
