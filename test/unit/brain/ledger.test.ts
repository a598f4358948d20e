import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBody } from '../../../src/brain/events.js';
import { Ledger, LEDGER_VERSION } from '../../../src/brain/ledger.js';

const MODEL = { name: 'tiny', sha256: 'a'.repeat(64) };
let folder: string;
let path: string;
const opened: Ledger[] = [];

const openOrCreate = (): Ledger => {
  const ledger = Ledger.openOrCreate(path, MODEL);
  opened.push(ledger);
  return ledger;
};

const fails = (code: string): unknown => expect.objectContaining({ name: 'EngramError', code }) as unknown;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-ledger-'));
  path = join(folder, 'ledger.sqlite');
});

afterEach(() => {
  for (const ledger of opened.splice(0)) ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('Ledger', () => {
  it('begins with its creation and keeps events in order', () => {
    const ledger = openOrCreate();
    ledger.append([{ kind: 'forgotten', memoryId: 'm-000001', payload: { reason: 'ünï 記憶 🧠' } }]);
    const events = openOrCreate().since(0);
    expect(events.map((event) => [event.id, event.kind, event.memoryId])).toEqual([
      [1, 'created', null],
      [2, 'forgotten', 'm-000001'],
    ]);
    expect(events[0]!.payload).toEqual({ model: MODEL });
    expect(events[1]!.payload).toEqual({ reason: 'ünï 記憶 🧠' });
    expect(new Date(events[1]!.time).toISOString()).toBe(events[1]!.time);
    expect(ledger.since(1)).toHaveLength(1);
    expect(ledger.about('m-000001')).toHaveLength(1);
  });

  it('writes no event that it could not read', () => {
    const ledger = openOrCreate();
    const sound: EventBody = { kind: 'forgotten', memoryId: 'm-000001', payload: {} };
    for (const unsound of [
      { kind: 'remembered', memoryId: 'm-000002', payload: { text: 'A fact.', adapter: { sha256: 'ab', bytes: 1 } } },
      { kind: 'forgotten', memoryId: '../m-000001', payload: {} },
    ]) {
      expect(() => ledger.append([sound, unsound as unknown as EventBody])).toThrow(fails('internal'));
    }
    expect(ledger.since(1)).toEqual([]);
  });

  it('refuses to change, delete or replace an event', () => {
    openOrCreate();
    const database = new Database(path);
    for (const statement of [
      "UPDATE events SET time = 'never'",
      'DELETE FROM events',
      "INSERT OR REPLACE INTO events (id, time, kind, payload) VALUES (1, 'never', 'created', '{}')",
      "UPDATE OR REPLACE events SET id = 1, time = 'never'",
      "INSERT INTO events (time, kind, payload) VALUES ('now', 'invented', '{}')",
      "INSERT INTO events (time, kind, payload) VALUES ('now', 'forgotten', 'no json')",
    ]) {
      expect(() => database.exec(statement), statement).toThrow();
    }
    database.close();
    expect(Ledger.open(path).since(0)).toHaveLength(1);
  });

  it('appends all events of a call or none', () => {
    const ledger = openOrCreate();
    const wrong = { kind: 'invented', memoryId: 'm-2', payload: {} } as never;
    expect(() => ledger.append([{ kind: 'forgotten', memoryId: 'm-1', payload: {} }, wrong])).toThrow();
    expect(ledger.since(0)).toHaveLength(1);
    ledger.append([{ kind: 'forgotten', memoryId: 'm-1', payload: {} }]);
    expect(ledger.since(0)).toHaveLength(2);
  });

  it('is one file at rest', () => {
    openOrCreate().append([{ kind: 'forgotten', memoryId: 'm-1', payload: {} }]);
    const copy = join(folder, 'copy.sqlite');
    writeFileSync(copy, readFileSync(path));
    expect(Ledger.open(copy).since(0)).toHaveLength(2);
  });

  it('refuses a ledger of a newer version with what to do', () => {
    openOrCreate();
    const database = new Database(path);
    database.exec(`PRAGMA user_version = ${LEDGER_VERSION + 1}`);
    database.close();
    expect(() => Ledger.open(path)).toThrow(fails('unsupported'));
    expect(() => Ledger.openOrCreate(path, MODEL)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('Update engram') as string }),
    );
  });

  it('says that a file is missing, empty, broken, or no ledger', () => {
    expect(() => Ledger.open(path)).toThrow(fails('not_found'));
    writeFileSync(path, '');
    expect(() => Ledger.open(path)).toThrow(fails('not_found'));
    expect(openOrCreate().since(0)).toHaveLength(1);

    writeFileSync(path, 'this is no database '.repeat(500));
    expect(() => Ledger.open(path)).toThrow(fails('corrupt'));
    expect(() => Ledger.openOrCreate(path, MODEL)).toThrow(fails('corrupt'));

    rmSync(path);
    const other = new Database(path);
    other.exec('CREATE TABLE things (id INTEGER)');
    other.close();
    expect(() => Ledger.openOrCreate(path, MODEL)).toThrow(fails('corrupt'));
    expect(() => Ledger.open(join(folder, 'no', 'such', 'ledger.sqlite'))).toThrow(fails('not_found'));
  });

  it('notices a truncated or overwritten file', () => {
    const ledger = openOrCreate();
    const events = Array.from({ length: 50 }, (_, i) => {
      return { kind: 'forgotten' as const, memoryId: `m-${i}`, payload: { reason: 'x'.repeat(1000) } };
    });
    ledger.append(events);
    ledger.close();
    const whole = readFileSync(path);
    truncateSync(path, whole.length >> 1);
    expect(() => Ledger.open(path)).toThrow(fails('corrupt'));
    writeFileSync(path, Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 7)]));
    expect(() => Ledger.open(path)).toThrow(fails('corrupt'));
  });
});
