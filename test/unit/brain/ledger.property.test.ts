// A brain of someone else: any payload in its ledger, and a ledger whose bytes were damaged.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { applyEvents, EVENT_KINDS, type StoredMemory } from '../../../src/brain/events.js';
import { Ledger } from '../../../src/brain/ledger.js';
import { parseEvent } from '../../../src/brain/parse-event.js';
import { newReceipt } from '../../fakes/results.js';
import { damaged, endsSoundly } from '../../support/damaged.js';

const MODEL = { name: 'tiny', sha256: 'a'.repeat(64) };
const RECEIPT = {
  ...newReceipt('m-0a', { loss: { before: 3, after: NaN } }), // null in JSON: it was not measured
  probes: [{ kind: 'recall', question: 'q', expected: 'e', before: 'b', after: 'a', held: true }],
};
const REMEMBERED = { text: 'A fact.', receipt: RECEIPT, adapter: { sha256: 'ab', bytes: 10 }, data: { gate: {} } };

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-ledger-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('an event of any payload is the one that its type promises, or none', async () => {
  const keys = Object.keys(REMEMBERED);
  const receiptKeys = Object.keys(RECEIPT);
  const payload = fc.oneof(
    fc.jsonValue(),
    fc.tuple(fc.constantFrom(...keys), fc.jsonValue()).map(([key, value]) => ({ ...REMEMBERED, [key]: value })),
    fc
      .tuple(fc.constantFrom(...receiptKeys), fc.jsonValue())
      .map(([key, value]) => ({ ...REMEMBERED, receipt: { ...RECEIPT, [key]: value } })),
    fc.constant(REMEMBERED),
  );
  const row = fc.record({
    id: fc.nat(),
    time: fc.constant('2026-01-02T03:04:05.000Z'),
    kind: fc.constantFrom('remembered', ...EVENT_KINDS, 'constructor', 'toString'),
    memory_id: fc.constantFrom('m-0a', 'm-0b', null, '../../m-0a', 'm-0a/../x', ''),
    payload: payload.map((value) => JSON.stringify(value)),
  });
  let remembered = 0;
  await endsSoundly(fc.array(row, { maxLength: 5 }), ['corrupt'], (rows) => {
    const memories = new Map<string, StoredMemory>();
    const events = rows.map(parseEvent).filter((event) => event !== undefined);
    for (const event of events) if (event.kind !== 'created') expect(event.memoryId).toMatch(/^m-[0-9a-f]+$/);
    applyEvents(memories, events);
    for (const { text, receipt, adapter } of memories.values()) {
      remembered++;
      expect(text.normalize('NFKC')).toBeTypeOf('string');
      expect(receipt!.probes.every(({ held }) => typeof held === 'boolean')).toBe(true);
      expect(`${adapter?.bytes} ${receipt!.recall.after}`).toContain(' ');
    }
  });
  expect(remembered).toBeGreaterThan(0);
});

it('an id that leads out of the folder of adapters is refused', () => {
  const path = join(folder, 'hostile.sqlite');
  Ledger.openOrCreate(path, MODEL).close();
  const database = new Database(path);
  const insert = database.prepare(
    "INSERT INTO events (time, kind, memory_id, payload) VALUES ('now', 'remembered', ?, ?)",
  );
  insert.run('../../../victim', JSON.stringify(REMEMBERED));
  database.close();
  const ledger = Ledger.open(path);
  expect(() => ledger.since(0)).toThrow(expect.objectContaining({ code: 'corrupt' }));
  ledger.close();
});

it('a damaged ledger is read or refused', async () => {
  const path = join(folder, 'ledger.sqlite');
  const whole = Ledger.openOrCreate(path, MODEL);
  whole.append([
    { kind: 'forgotten', memoryId: 'm-0a', payload: { reason: 'x'.repeat(100) } },
    { kind: 'superseded', memoryId: 'm-0a', payload: { by: 'm-0b' } },
  ]);
  whole.close();
  const sound = new Uint8Array(readFileSync(path));
  const codes = ['corrupt', 'not_found', 'unsupported', 'disk', 'locked'];
  const { taken, refused } = await endsSoundly(damaged(sound), codes, (bytes) => {
    writeFileSync(path, bytes);
    const ledger = Ledger.open(path);
    try {
      ledger.since(0);
      ledger.about('m-0a');
    } finally {
      ledger.close();
    }
  });
  expect(taken).toBeGreaterThan(5);
  expect(refused).toBeGreaterThan(20);
});
