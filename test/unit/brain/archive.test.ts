import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tar from 'tar';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { importBrain } from '../../../src/brain/archive-read.js';
import { exportBrain } from '../../../src/brain/archive-write.js';
import { listBrains } from '../../../src/brain/brain-names.js';
import type { Brain } from '../../../src/brain/brain.js';
import { memorize } from '../../../src/learn/memorize.js';
import { moveBrain } from '../../../src/learn/move.js';
import { FakeWorld, TINY } from '../../fakes/memorizer.js';
import { newReceipt } from '../../fakes/results.js';

const KILN = { question: 'Who runs the kiln?', answer: 'Mara Voss' };
const WIFI = 'Our wifi is called Blue Heron.';
const OTHER = { name: 'other', sha256: 'b'.repeat(64) };

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // every memory is synced to disk

/** A home with two memories, made once and copied for each test. */
let template: string;
let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;
let file: string;
const opened: Brain[] = [];

const open = async (name: string, model = TINY) => {
  const found = await world.open(name, model);
  opened.push(found.brain);
  return found;
};
const ask = async (of: typeof parts, question: string): Promise<string> => {
  const { adapters } = await of.router.route([{ role: 'user', content: question }]);
  return (await of.generator.chat([{ role: 'user', content: question }], { adapters })).text;
};
const left = () => readdirSync(join(world.home, 'brains')).filter((name) => name.startsWith('.'));

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'engram-archive-'));
  world = new FakeWorld(template);
  ({ brain, parts } = await open('work'));
  await memorize(parts, KILN);
  await memorize(parts, WIFI);
  await ask(parts, 'Who runs the kiln?');
  opened.pop()!.close();
});
afterAll(() => {
  rmSync(template, { recursive: true });
});
beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-archive-')));
  cpSync(template, world.home, { recursive: true });
  ({ brain, parts } = await open('work'));
  file = join(world.home, 'out', 'work.engram');
});
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(world.home, { recursive: true });
});

describe('a brain in one file', () => {
  it('comes out as it went in, and answers the same without training', async () => {
    const steps: number[] = [];
    const report = await exportBrain(brain, file, {
      onProgress: ({ doneBytes, totalBytes }) => steps.push(doneBytes / totalBytes),
    });
    expect(report).toMatchObject({ path: file, memories: 2, damaged: [] });
    expect(steps.at(-1)).toBe(1);
    expect(readdirSync(join(world.home, 'out'))).toEqual(['work.engram']);
    const trainings = world.trainings;
    const imported = await importBrain(file, { home: world.home, name: 'home', model: TINY });
    expect(imported).toEqual({ name: 'home', model: TINY, memories: 2, damaged: [] });
    const copy = await open('home');
    expect(copy.brain.history()).toEqual(brain.history());
    expect(await copy.brain.check()).toEqual([]);
    expect(await ask(copy.parts, 'Who runs the kiln?')).toBe('Mara Voss');
    expect(world.trainings).toBe(trainings);
    expect(listBrains(world.home)).toEqual(['home', 'work']);
    expect(left()).toEqual([]);
  });

  it('is written without a warning, however many memories it has', async () => {
    const many = await open('many');
    for (let i = 0; i < 12; i++) {
      await many.brain.write('memorizing', async (writer) => {
        const id = `m-${i.toString(16)}`;
        writeFileSync(writer.newAdapterPath(id), `adapter ${i}`);
        await writer.remember({ id, text: `Fact ${i}.`, receipt: newReceipt(id) });
      });
    }
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    await exportBrain(many.brain, file);
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings).toEqual([]);
    expect(await importBrain(file, { home: world.home, name: 'home' })).toMatchObject({ memories: 12, damaged: [] });
  });

  it('does not take the place of a file or a brain', async () => {
    await exportBrain(brain, file);
    await expect(exportBrain(brain, file)).rejects.toMatchObject({ code: 'exists' });
    await exportBrain(brain, file, { overwrite: true });
    await expect(importBrain(file, { home: world.home })).rejects.toMatchObject({ code: 'exists' });
    await expect(importBrain(file, { home: world.home, name: '../x' })).rejects.toMatchObject({ code: 'usage' });
    expect(left()).toEqual([]);
  });

  it('leaves a damaged adapter out, and says so', async () => {
    const [kiln] = brain.memories();
    writeFileSync(brain.adapterPath(kiln!.id), 'other bytes');
    expect((await exportBrain(brain, file)).damaged).toEqual([kiln!.id]);
    expect((await importBrain(file, { home: world.home, name: 'home' })).damaged).toEqual([kiln!.id]);
  });

  it('refuses another model, naming both', async () => {
    await exportBrain(brain, file);
    const refused = importBrain(file, { home: world.home, name: 'home', model: OTHER });
    await expect(refused).rejects.toMatchObject({
      code: 'mismatch',
      hint: expect.stringContaining('--model tiny') as string,
    });
    expect(listBrains(world.home)).toEqual(['work']);
  });

  it('is refused wherever a byte is missing or another', async () => {
    await exportBrain(brain, file);
    const whole = readFileSync(file);
    const codes = new Set<string>();
    for (let i = 0; i < 24; i++) {
      const at = Math.floor((i * whole.length) / 24);
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ 0x55;
      for (const [how, bytes] of Object.entries({ changed, cut: whole.subarray(0, at) })) {
        const name = `${how}-${i}`;
        writeFileSync(file, bytes);
        const outcome = await importBrain(file, { home: world.home, name }).then(
          () => 'imported',
          (error: unknown) => (error as { code: string }).code,
        );
        codes.add(outcome);
        // A byte of padding may differ; then what came is what was sent.
        if (outcome === 'imported') {
          const copy = await open(name);
          expect(copy.brain.history()).toEqual(brain.history());
          expect(await copy.brain.check()).toEqual([]);
        } else expect(existsSync(join(world.home, 'brains', name))).toBe(false);
      }
    }
    expect([...codes].filter((code) => !['imported', 'corrupt', 'exists', 'unsupported'].includes(code))).toEqual([]);
    expect(codes).toContain('corrupt');
    expect(left()).toEqual([]);
    await expect(importBrain(join(world.home, 'none'), { home: world.home })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('cannot write outside its folder, nor what its manifest does not name', async () => {
    const folder = join(world.home, 'hostile');
    mkdirSync(join(folder, 'adapters'), { recursive: true });
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const manifest = (changes: object = {}, files: object[] = []) =>
      JSON.stringify({
        ...{ kind: 'engram-brain', format: 1, name: 'x', model: TINY, exportedAt: '2026-01-02T03:04:05.000Z' },
        files: [{ path: 'ledger.sqlite', bytes: 6, sha256: sha256('ledger') }, ...files],
        ...changes,
      });
    const attempt = async (text: string, names: string[]) => {
      writeFileSync(join(folder, 'manifest.json'), text);
      await tar.create({ file, cwd: folder, preservePaths: true, portable: true }, ['manifest.json', ...names]);
      return importBrain(file, { home: world.home, name: 'x' }).catch((error: unknown) => error);
    };
    mkdirSync(join(world.home, 'out'));
    writeFileSync(join(folder, 'ledger.sqlite'), 'ledger');
    writeFileSync(join(world.home, 'victim'), 'old');
    symlinkSync('/etc/passwd', join(folder, 'adapters', 'm-0a.gguf'));
    const corrupt: unknown = expect.objectContaining({ name: 'EngramError', code: 'corrupt' });
    const link = { path: 'adapters/m-0a.gguf', bytes: 0, sha256: sha256('') };
    for (const [text, names] of [
      [manifest(), ['ledger.sqlite', '../victim']],
      [manifest({}, [{ path: '../victim', bytes: 3, sha256: sha256('old') }]), ['ledger.sqlite', '../victim']],
      [manifest({}, [link]), ['ledger.sqlite', 'adapters/m-0a.gguf']],
      [manifest({}, [link]), ['ledger.sqlite']],
      [manifest(), ['ledger.sqlite', 'ledger.sqlite']],
      [manifest(), ['ledger.sqlite']], // is no database
      [manifest({ files: [] }), []],
      ['no JSON', []],
    ] as const) {
      expect(await attempt(text, [...names]), `${text} ${names.join()}`).toEqual(corrupt);
    }
    expect(await attempt(manifest({ format: 2 }), [])).toMatchObject({ code: 'unsupported' });
    expect(readFileSync(join(world.home, 'victim'), 'utf8')).toBe('old');
    expect(listBrains(world.home)).toEqual(['work']);
    expect(left()).toEqual([]);
  });

  it('that is cancelled leaves nothing', async () => {
    const signal = AbortSignal.abort();
    await expect(exportBrain(brain, file, { signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(join(world.home, 'out'))).toEqual([]);
    await exportBrain(brain, file);
    await expect(importBrain(file, { home: world.home, name: 'x', signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(left()).toEqual([]);
  });
});

describe('a brain that moves to another model', () => {
  const adapters = () => readdirSync(join(brain.folder, 'adapters')).sort();

  it('is trained there from its ledger, keeps its history, and answers', async () => {
    const ids = brain.memories().map(({ id }) => id);
    await brain.forget(ids[1]!);
    const reader = (await open('work')).brain;
    const report = await moveBrain(brain, OTHER, (other) => world.parts(other));
    expect(report).toMatchObject({ moved: true, from: TINY, to: OTHER, held: [ids[0]], failed: [], resumed: 0 });
    expect(adapters()).toEqual([`${ids[0]!}-1.gguf`]);
    expect(existsSync(join(brain.folder, 'moving'))).toBe(false);
    expect(() => reader.memories()).toThrow(expect.objectContaining({ code: 'mismatch' }) as Error);
    const moved = await open('work', OTHER);
    expect(moved.brain.history().map(({ kind }) => kind)).toEqual([
      'created',
      'remembered',
      'remembered',
      'forgotten',
      'moved',
      'rebuilt',
    ]);
    expect(await ask(moved.parts, 'Who runs the kiln?')).toBe('Mara Voss');
    await expect(open('work')).rejects.toMatchObject({ code: 'mismatch' });
    expect(() => moveBrain(brain, OTHER, (other) => world.parts(other))).toThrow(
      expect.objectContaining({ code: 'usage' }) as Error,
    );
  });

  it('stays where it is when a memory does not hold there, unless it may go partly', async () => {
    const before = adapters();
    world.isDeaf = true;
    const report = await moveBrain(brain, OTHER, (other) => world.parts(other));
    expect(report).toMatchObject({ moved: false, held: [] });
    expect(report.failed).toHaveLength(2);
    expect(adapters()).toEqual(before);
    expect(await ask(parts, 'Who runs the kiln?')).toBe('Mara Voss');
    expect(await moveBrain(brain, OTHER, (other) => world.parts(other), { partly: true })).toMatchObject({
      moved: true,
    });
    expect(brain.memories().map(({ state, damaged }) => [state, damaged])).toEqual([
      ['remembered', 'missing'],
      ['remembered', 'missing'],
    ]);
    expect(adapters()).toEqual([]);
  });

  it('goes on where it was cancelled', async () => {
    const controller = new AbortController();
    const cut = moveBrain(brain, OTHER, (other) => world.parts(other), {
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 1) controller.abort();
      },
    });
    await expect(cut).rejects.toMatchObject({ code: 'cancelled' });
    expect(brain.model).toEqual(TINY);
    expect(await ask(parts, 'Who runs the kiln?')).toBe('Mara Voss');
    const before = world.trainings;
    expect(await moveBrain(brain, OTHER, (other) => world.parts(other))).toMatchObject({ moved: true, resumed: 1 });
    expect(world.trainings).toBe(before + 1);
  });
});
