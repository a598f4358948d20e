import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listBrains } from '../../../src/brain/brain-names.js';
import { openBrain, removeBrain, type Brain, type BrainMemory } from '../../../src/brain/brain.js';
import { newReceipt } from '../../fakes/results.js';
import { compile, run } from './child.js';

const MODEL = { name: 'tiny', sha256: 'a'.repeat(64) };
let home: string;
const opened: Brain[] = [];

const open = async (name = 'default', create = true): Promise<Brain> => {
  const brain = await openBrain({ home, name, model: MODEL, create });
  opened.push(brain);
  return brain;
};

const remember = (brain: Brain, text: string, supersedes?: string): Promise<BrainMemory> =>
  brain.write('memorizing', async (writer) => {
    const id = writer.newId(text);
    writeFileSync(brain.adapterPath(id), `adapter of ${text}`);
    return writer.remember({ id, text, receipt: newReceipt(id), ...(supersedes === undefined ? {} : { supersedes }) });
  });

const fails = (code: string, more: object = {}): unknown =>
  expect.objectContaining({ name: 'EngramError', code, ...more }) as unknown;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-brain-'));
});

afterEach(() => {
  for (const brain of opened.splice(0)) brain.close();
  rmSync(home, { recursive: true, force: true });
});

describe('a brain', () => {
  it('keeps what was remembered, with its receipt, for the next process', async () => {
    const memory = await remember(await open(), 'The sky was green on Tuesday.');
    const again = await open('default', false);
    expect(again.memories()).toEqual([memory]);
    expect(again.get(memory.id)).toMatchObject({ state: 'remembered', receipt: newReceipt(memory.id) });
    expect(memory.id).toMatch(/^m-[0-9a-f]{6}$/);
    expect(memory.damaged).toBeUndefined();
    expect(await again.adapterFile(memory.id)).toBe(again.adapterPath(memory.id));
    expect(again.history(memory.id).map((event) => event.kind)).toEqual(['remembered']);
    expect(listBrains(home)).toEqual(['default']);
  });

  it('shows an open brain what another one wrote', async () => {
    const reader = await open();
    const memory = await remember(await open(), 'New.');
    expect(reader.memories().map(({ id }) => id)).toEqual([memory.id]);
    await (await open()).write('forgetting', (writer) => writer.forget(memory.id));
    expect(reader.get(memory.id)?.state).toBe('forgotten');
  });

  it('forgets: the event first, then the file, and brings back', async () => {
    const brain = await open();
    const { id } = await remember(brain, 'A secret.');
    await brain.write('forgetting', (writer) => writer.forget(id, 'asked'));
    expect(brain.get(id)).toMatchObject({ state: 'forgotten', text: 'A secret.' });
    expect(existsSync(brain.adapterPath(id))).toBe(false);
    await expect(brain.adapterFile(id)).rejects.toThrow(fails('not_found'));
    await expect(brain.write('forgetting', (writer) => writer.forget(id))).rejects.toThrow(fails('not_found'));

    await brain.write('restoring', async (writer) => {
      await expect(writer.change([{ kind: 'restored', id }])).rejects.toThrow(fails('not_found'));
      writeFileSync(writer.newAdapterPath(id), 'made anew');
      await writer.change([{ kind: 'restored', id }]);
      await expect(writer.change([{ kind: 'restored', id }])).rejects.toThrow(fails('exists'));
    });
    expect(brain.get(id)?.state).toBe('remembered');
    expect(await brain.adapterFile(id)).toBe(brain.adapterPath(id));
    expect(brain.history(id).map((event) => event.kind)).toEqual(['remembered', 'forgotten', 'restored']);
  });

  it('supersedes in one transaction', async () => {
    const brain = await open();
    const old = await remember(brain, 'Bo lives in Rome.');
    const now = await remember(brain, 'Bo lives in Oslo.', old.id);
    expect(brain.get(old.id)).toMatchObject({ state: 'superseded', supersededBy: now.id });
    expect(existsSync(brain.adapterPath(old.id))).toBe(false);
    await expect(remember(brain, 'Bo lives in Bonn.', old.id)).rejects.toThrow(fails('not_found'));
    expect(readdirSync(join(brain.folder, 'adapters'))).toEqual([`${now.id}.gguf`]);
  });

  it('keeps nothing of a memory rolled back but its history', async () => {
    const brain = await open();
    const id = await brain.write('memorizing', async (writer) => {
      const newId = writer.newId('No.');
      writeFileSync(brain.adapterPath(newId), 'x');
      await writer.rollBack({ id: newId, text: 'No.', receipt: newReceipt(newId, { committed: false }) });
      return newId;
    });
    expect(brain.memories()).toEqual([]);
    expect(brain.history(id).map((event) => event.kind)).toEqual(['rolled_back']);
    expect(readdirSync(join(brain.folder, 'adapters'))).toEqual([]);
  });

  it('gives the same text another id', async () => {
    const brain = await open();
    const ids = [await remember(brain, 'Twice.'), await remember(brain, 'Twice.')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(brain.byText('  twice. ')).toHaveLength(2);
    const taken = brain.write('memorizing', (writer) =>
      writer.remember({ id: ids[0]!, text: 'Twice.', receipt: newReceipt(ids[0]!) }),
    );
    await expect(taken).rejects.toThrow(fails('exists'));
  });

  it('finds a memory by id, text, or a part that no other has', async () => {
    const brain = await open();
    const a = await remember(brain, 'Zara lives in Oslo.');
    const b = await remember(brain, 'Bo lives in Rome.');
    expect(brain.find(a.id)).toBe(brain.get(a.id));
    expect(brain.find('bo LIVES  in rome.').id).toBe(b.id);
    expect(brain.find('oslo').id).toBe(a.id);
    expect(() => brain.find('lives in')).toThrow(fails('usage'));
    expect(() => brain.find('Paris')).toThrow(fails('not_found'));
    expect(() => brain.find(' ')).toThrow(fails('not_found'));
  });

  it('reports an adapter that is missing or changed, and deletes what no event names', async () => {
    const brain = await open();
    const [gone, longer, other] = [await remember(brain, 'A'), await remember(brain, 'B'), await remember(brain, 'C')];
    rmSync(brain.adapterPath(gone.id));
    appendFileSync(brain.adapterPath(longer.id), '!');
    writeFileSync(brain.adapterPath(other.id), 'Adapter of C'); // same size: only the hash tells
    writeFileSync(brain.adapterPath('m-ffffff'), 'of a process that was killed');
    writeFileSync(join(brain.folder, 'adapters', '.x.tmp'), 'half');

    const again = await open();
    expect(again.memories().map(({ damaged }) => damaged)).toEqual(['missing', 'changed', undefined]);
    await expect(again.adapterFile(other.id)).rejects.toThrow(fails('corrupt'));
    expect((await again.check()).map(({ damaged }) => damaged)).toEqual(['missing', 'changed', 'changed']);
    await again.write('looking', () => Promise.resolve());
    expect(readdirSync(join(brain.folder, 'adapters')).sort()).toEqual(
      [`${longer.id}.gguf`, `${other.id}.gguf`].sort(),
    );
    writeFileSync(brain.adapterPath(gone.id), 'adapter of A');
    expect((await again.check()).map(({ id }) => id)).toEqual([longer.id, other.id]);
  });

  it('belongs to one model', async () => {
    await remember(await open(), 'A kiln.'); // an empty brain belongs to nobody
    const other = { name: 'other', sha256: 'b'.repeat(64) };
    await expect(openBrain({ home, model: other, create: true })).rejects.toThrow(fails('mismatch'));
    const renamed = await openBrain({ home, model: { name: 'renamed', sha256: MODEL.sha256 } });
    expect(renamed.model).toEqual(MODEL);
    renamed.close();
    const unasked = await openBrain({ home });
    expect(unasked.model).toEqual(MODEL);
    unasked.close();
  });

  it('refuses names that lead elsewhere, and brains that are not', async () => {
    await expect(open('../x')).rejects.toThrow(fails('usage'));
    await expect(open('nothing', false)).rejects.toThrow(fails('not_found'));
    expect(existsSync(join(home, 'brains', 'nothing'))).toBe(false);
    await expect(openBrain({ home, create: true })).rejects.toThrow(fails('usage'));
    writeFileSync(join(home, 'file'), '');
    await expect(openBrain({ home: join(home, 'file'), model: MODEL, create: true })).rejects.toThrow(fails('disk'));
  });

  it('says that its ledger is broken', async () => {
    (await open()).close();
    writeFileSync(join(home, 'brains/default/ledger.sqlite'), 'no database '.repeat(1000));
    await expect(open()).rejects.toThrow(fails('corrupt'));
  });

  it('is removed as a whole', async () => {
    await remember(await open('demo'), 'x');
    expect(await removeBrain({ home, name: 'demo' })).toBe(true);
    expect(await removeBrain({ home, name: 'demo' })).toBe(false);
    expect(listBrains(home)).toEqual([]);
    expect(readdirSync(join(home, 'brains'))).toEqual([]);
    await expect(removeBrain({ home, name: '..' })).rejects.toThrow(fails('usage'));
  });

  it('lets the writes of one process wait for each other', async () => {
    const brain = await open();
    await Promise.all(['A', 'B', 'C'].map((text) => remember(brain, text)));
    expect(brain.memories().map(({ text }) => text)).toEqual(['A', 'B', 'C']);
    await expect(brain.write('failing', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await remember(brain, 'D');
  });
});

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // processes start slowly on a busy machine

describe('several processes', () => {
  let sources: ReturnType<typeof compile>;
  const prelude = `
    import { openBrain } from './brain/brain.js';
    import { writeFileSync } from 'node:fs';
    const brain = await openBrain({ home: process.argv.at(-1), model: ${JSON.stringify(MODEL)}, create: true });`;
  const memorizing = `${prelude}
    for (let n = 0; ; n++) {
      await brain.write('memorizing', async (writer) => {
        const id = writer.newId('fact ' + n);
        writeFileSync(brain.adapterPath(id), id.repeat(20000));
        await writer.remember({ id, text: 'fact ' + n, receipt: { ...${JSON.stringify(newReceipt('m-0'))}, id } });
        process.stdout.write(id + '\\n');
      });
    }`;

  beforeAll(() => {
    sources = compile(['brain/brain.ts']);
  });
  afterAll(() => {
    sources.remove();
  });

  it('refuses a second writer, naming the first, and takes over from a killed one at once', async () => {
    const brain = await open();
    const child = run(
      sources.folder,
      `${prelude}
      await brain.write('memorizing', async () => {
        console.log('locked');
        await new Promise((resolve) => setTimeout(resolve, 60000));
      });`,
      [home],
    );
    await child.said('locked');
    await expect(remember(brain, 'x')).rejects.toThrow(
      fails('locked', {
        message: expect.stringContaining(`process ${child.process.pid}, memorizing since`) as string,
        details: expect.objectContaining({ pid: child.process.pid }) as object,
      }),
    );
    expect(brain.memories()).toEqual([]); // readers are free
    await child.kill();
    await remember(brain, 'x');
    expect(brain.memories()).toHaveLength(1);
  });

  it('loses nothing that was acknowledged and keeps nothing half, wherever the writer is killed', async () => {
    const acknowledged: string[] = [];
    for (const delay of [0, 3, 7, 12, 20, 31]) {
      const child = run(sources.folder, memorizing, [home]);
      await child.said('m-');
      await new Promise((resolve) => setTimeout(resolve, delay));
      await child.kill();
      acknowledged.push(...child.lines);

      const brain = await open();
      const ids = brain.memories().map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining(acknowledged));
      expect(await brain.check()).toEqual([]);
      await brain.write('looking', () => Promise.resolve());
      expect(readdirSync(join(brain.folder, 'adapters')).sort()).toEqual(ids.map((id) => `${id}.gguf`).sort());
    }
    expect(acknowledged.length).toBeGreaterThan(5);
  });

  it('lets others read while one writes', async () => {
    const reader = await open();
    const child = run(sources.folder, memorizing, [home]);
    let seen = 0;
    while (seen < 25) {
      expect(child.process.exitCode).toBeNull();
      const now = reader.memories().length;
      expect(now).toBeGreaterThanOrEqual(seen);
      seen = now;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await child.kill();
  });
});
