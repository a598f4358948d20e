import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultEntry, type CatalogEntry } from '../../../src/models/catalog.js';
import { resolveModel } from '../../../src/models/resolve.js';
import { showModel } from '../../../src/models/show.js';
import { filePath, modelFolder } from '../../../src/models/store.js';
import { LANGUAGE_MODEL, tinyGguf } from './tiny-gguf.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'engram-resolve-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

/** Lays files of the right sizes where a pull would: holes, so that they take no room. */
async function pretendInstalled(entry: CatalogEntry): Promise<void> {
  for (const file of entry.files) {
    const path = filePath(home, entry, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    await truncate(path, file.bytes);
  }
}

describe('resolveModel', () => {
  it('finds an installed model by name and alias', async () => {
    const chat = defaultEntry('chat');
    const embedding = defaultEntry('embedding');
    await pretendInstalled(chat);
    await pretendInstalled(embedding);
    const found = { name: chat.name, path: filePath(home, chat, chat.files[0]!), entry: chat };
    expect(await resolveModel(home, chat.name)).toEqual(found);
    expect(await resolveModel(home, 'SmolLM2')).toEqual(found);
    // transformers.js wants the folder.
    expect(await resolveModel(home, 'minilm', { role: 'embedding' })).toMatchObject({
      path: modelFolder(home, embedding),
    });
    await expect(resolveModel(home, 'minilm')).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes the path of a file wherever a name does', async () => {
    const path = join(home, 'My Model.gguf');
    await writeFile(path, 'GGUF');
    expect(await resolveModel(home, path)).toEqual({ name: 'My Model', path });
    await expect(resolveModel(home, join(home, 'none.gguf'))).rejects.toMatchObject({ code: 'not_found' });
    await expect(resolveModel(home, home)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('says how to get what is not installed, and what a wrong name may have meant', async () => {
    await expect(resolveModel(home, 'qwen3-0.6b')).rejects.toMatchObject({
      code: 'not_found',
      hint: 'Get it with: engram models pull qwen3-0.6b',
    });
    await expect(resolveModel(home, 'qwen3-0.6')).rejects.toMatchObject({
      code: 'not_found',
      hint: expect.stringContaining('Did you mean qwen3-0.6b') as string,
    });
    await expect(resolveModel(home, ' ')).rejects.toMatchObject({ code: 'usage' });
  });

  it('does not take a file of the wrong size for an installed one', async () => {
    const chat = defaultEntry('chat');
    await pretendInstalled(chat);
    await truncate(filePath(home, chat, chat.files[0]!), 1000);
    await expect(resolveModel(home, chat.name)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('showModel', () => {
  it('describes a model of the catalog before and after it is installed', async () => {
    const chat = defaultEntry('chat');
    const before = await showModel(home, 'smollm2');
    expect(before).toMatchObject({
      name: chat.name,
      installed: false,
      licence: 'Apache-2.0',
      bytes: chat.files[0]!.bytes,
    });
    expect(before.memory.trainingBytes).toBeGreaterThan(before.memory.chatBytes);
    const embedding = defaultEntry('embedding');
    await pretendInstalled(embedding);
    expect(await showModel(home, 'minilm')).toMatchObject({ installed: true, path: modelFolder(home, embedding) });
  });

  it('says what a model without a chat template is for', async () => {
    const path = join(home, 'base.gguf');
    const { metadata, tensors } = LANGUAGE_MODEL;
    const bare = Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.includes('template')));
    await writeFile(path, tinyGguf({ metadata: bare, tensors }));
    const { does, problem, hasChatTemplate } = await showModel(home, path);
    expect({ does, hasChatTemplate }).toEqual({
      does: ['complete', 'train', 'tokens', 'embed'],
      hasChatTemplate: false,
    });
    expect(problem).toContain('--chat-template');
  });

  it('describes a file of the user’s own', async () => {
    const path = join(home, 'mine.gguf');
    await writeFile(path, tinyGguf(LANGUAGE_MODEL));
    const details = await showModel(home, path);
    expect(details).toMatchObject({ name: 'mine', quantisation: 'Q4_1', installed: true, fits: { answering: true } });
    expect(details.problem).toBeUndefined();
    expect(details.does).toContain('chat');
    await expect(showModel(home, 'qwen')).rejects.toMatchObject({ code: 'not_found' });
  });
});
