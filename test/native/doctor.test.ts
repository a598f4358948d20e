// What the doctor finds in a home: with the real addon, and brains whose adapters are no adapters.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../src/runtime/doctor.js';
import { openBrain } from '../../src/brain/index.js';
import { newReceipt } from '../fakes/results.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-doctor-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('the doctor', () => {
  it('says of a new home what is missing and how it is fetched, and what the machine can do', async () => {
    const report = await doctor({ home });
    expect(report.problems).toEqual(
      ['smollm2-135m-instruct', 'all-minilm-l6-v2'].map((name) => ({
        message: `${name} is not installed.`,
        hint: `Fetch it with: engram models pull ${name}`,
      })),
    );
    expect(report).toMatchObject({ uses: { home }, brains: [], adapters: [] });
    expect(report['training']).toMatchObject({ kernels: expect.any(String) as string });
  });

  it('names a memory whose adapter is gone, and what brings it back', async () => {
    const brain = await openBrain({
      home,
      name: 'work',
      model: { name: 'tiny', sha256: 'a'.repeat(64) },
      create: true,
    });
    const { id } = await brain.write('memorizing', (writer) => {
      const id = writer.newId('A heron.');
      writeFileSync(brain.adapterPath(id), 'adapter');
      return writer.remember({ id, text: 'A heron.', receipt: newReceipt(id) });
    });
    expect((await doctor({ home })).problems).toHaveLength(2); // the models
    rmSync(brain.adapterPath(id));
    brain.close();
    expect((await doctor({ home })).problems).toContainEqual({
      message: expect.stringContaining(id) as string,
      hint: 'Train it again with: engram brain rebuild --damaged --brain work',
    });
  });

  it('says that a home is a file, or a brain no brain, and looks at the rest', async () => {
    writeFileSync(join(home, 'file'), '');
    const { problems } = await doctor({ home: join(home, 'file') });
    expect(problems[0]!.message).toContain(join(home, 'file'));
    const brain = await openBrain({
      home,
      name: 'work',
      model: { name: 'tiny', sha256: 'a'.repeat(64) },
      create: true,
    });
    brain.close();
    writeFileSync(join(home, 'brains', 'work', 'ledger.sqlite'), 'no database, but long enough to be looked into');
    const report = await doctor({ home });
    expect(report.problems).toHaveLength(3);
    expect(report['brains']).toEqual(['work']);
    expect(existsSync(join(home, 'brains', 'work', 'ledger.sqlite'))).toBe(true);
  });
});
