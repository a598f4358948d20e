// Event files: byte for byte what TensorBoard's own writer makes of the same records, and whole at every moment.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, scalarRecord, startRecord, versionRecord } from '../../../../src/training/logs/event-file.js';
import { TensorBoardSink } from '../../../../src/training/logs/tensorboard.js';
import type { MetricsRecord } from '../../../../src/training/metrics.js';

interface Golden {
  wallTime: number;
  version: string;
  start: string;
  scalars: { step: number; values: Record<string, number>; bytes: string }[];
}

const GOLDEN = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'golden', 'tensorboard-events.json');
const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Golden;

const step = (changes: Partial<MetricsRecord> = {}): MetricsRecord => ({
  ...{ kind: 'step', step: 1, epoch: 1, split: 'train', loss: 2, timeMs: 5 },
  ...changes,
});

describe('an event record', () => {
  it('has the CRC-32C that is known', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283); // the check value of the polynomial
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, B.4
  });

  it("equals that of TensorBoard's writer", () => {
    expect(versionRecord(golden.wallTime).toString('hex')).toBe(golden.version);
    expect(startRecord(golden.wallTime, 130).toString('hex')).toBe(golden.start);
    for (const { step: at, values, bytes } of golden.scalars) {
      const scalars = Object.entries(values).map(([tag, value]) => ({ tag, value }));
      expect(scalarRecord(golden.wallTime, at, scalars).toString('hex')).toBe(bytes);
    }
  });
});

describe('TensorBoardSink', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'engram-events-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const filesOf = (split: string): string[] => readdirSync(join(folder, split)).sort();
  /** Lengths of the records' data; throws where a file ends within one. */
  const recordsOf = (path: string): string[] => {
    const bytes = readFileSync(path);
    const records: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = Number(bytes.readBigUInt64LE(at));
      expect(at + 16 + length).toBeLessThanOrEqual(bytes.length);
      records.push(bytes.toString('latin1', at + 12, at + 12 + length));
      at += 16 + length;
    }
    return records;
  };

  it('writes each record at once, a folder for each split', async () => {
    const sink = new TensorBoardSink(folder);
    await sink.write(step({ learningRate: 1e-3 }));
    const [file] = filesOf('train');
    expect(file).toMatch(/^events\.out\.tfevents\.\d+\./);
    const [version, first, ...rest] = recordsOf(join(folder, 'train', file!));
    expect(version).toContain('brain.Event:2');
    expect(first).toContain('learning_rate');
    expect(rest).toEqual([]);
    await sink.write(step({ kind: 'evaluation', split: 'validation', accuracy: 0.5 }));
    await sink.close();
    expect(readdirSync(folder).sort()).toEqual(['train', 'validation']);
    expect(recordsOf(join(folder, 'validation', filesOf('validation')[0]!))[1]).toContain('accuracy');
  });

  it('goes on in a new file, and says from which step, where an earlier one was cut off', async () => {
    const first = new TensorBoardSink(folder);
    await first.write(step());
    await first.close();
    const cut = join(folder, 'train', filesOf('train')[0]!);
    writeFileSync(cut, readFileSync(cut).subarray(0, -3));
    const second = new TensorBoardSink(folder, { step: 130 });
    await second.write(step({ step: 131 }));
    await second.close();
    const [earlier, later] = filesOf('train');
    expect(join(folder, 'train', earlier!)).toBe(cut);
    const [, start, scalar] = recordsOf(join(folder, 'train', later!));
    expect(Buffer.from(start!, 'latin1').toString('hex')).toContain('108301'); // field 2, the step, is 131
    expect(scalar).toContain('loss');
  });
});
