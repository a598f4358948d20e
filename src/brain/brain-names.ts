// Which brains a home has, by their names. Not here: what is in them (brain.ts).
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkName, suggest } from '../config.js';
import { openStore } from '../store/index.js';

/** Where a brain is, or would be. Throws `usage` for a name that cannot be. */
export function brainFolder(home: string, name: string): string {
  return join(home, 'brains', checkName(name, 'the brain'));
}

/** Where the replica of a brain of a store is. `key`: Store.key. */
export function sharedFolder(home: string, key: string, name: string): string {
  return join(home, 'shared', key, checkName(name, 'the brain'));
}

/** Names of the brains in a home, sorted. */
export function listBrains(home: string): string[] {
  const folder = join(home, 'brains');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && existsSync(join(folder, name, 'ledger.sqlite')))
    .sort();
}

/** Names of the brains in a store, sorted. Throws what the store throws. */
export async function listSharedBrains(address: string): Promise<string[]> {
  const store = await openStore(address);
  try {
    return (await store.brains()).map(({ name }) => name).sort();
  } finally {
    await store.close();
  }
}

/** What to tell somebody who names a brain that holds nothing at all, no documents and chats either: which one may be meant.
 * Undefined for a brain that is there, and for the default one, which nobody mistypes. */
export function remarkOnBrain(home: string, name: string): string | undefined {
  if (name === 'default' || existsSync(brainFolder(home, name))) return undefined;
  const meant = suggest(name, listBrains(home));
  const guess = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  return `There is no brain "${name}" yet.${guess}`;
}
