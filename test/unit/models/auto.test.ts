// The model that `auto` means.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { autoModel } from '../../../src/models/auto.js';
import { catalog, defaultEntry, findEntry } from '../../../src/models/catalog.js';
import { resolveModel } from '../../../src/models/resolve.js';
import { filePath } from '../../../src/models/store.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-auto-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** Files of the right size, with holes for contents. */
function install(name: string): void {
  const entry = findEntry(name)!;
  for (const file of entry.files) {
    const path = filePath(home, entry, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    truncateSync(path, file.bytes);
  }
}

it('is the largest installed one that this machine can memorize with', async () => {
  install('smollm2-135m-instruct');
  install('qwen3-0.6b');
  install('qwen3-4b');
  expect(await autoModel(home, catalog(), 64e9)).toBe('qwen3-4b');
  expect(await autoModel(home, catalog(), 4e9)).toBe('qwen3-0.6b');
  expect(await autoModel(home, catalog(), 1.4e9)).toBe('smollm2-135m-instruct');
  expect((await resolveModel(home, 'auto')).entry?.role).toBe('chat');
});

it('is the default one where none that fits is installed', async () => {
  expect(await autoModel(home, catalog(), 64e9)).toBe(defaultEntry('chat').name);
  await expect(resolveModel(home, 'auto')).rejects.toMatchObject({ code: 'not_found' });
  await expect(resolveModel(home, 'auto', { role: 'embedding' })).rejects.toMatchObject({ code: 'not_found' });
});
