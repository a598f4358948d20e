// Rows of a ledger made into events, with every field of the shape that events.ts promises: a brain may come from someone else,
// and the ids in it become names of files. Not here: the database (ledger.ts), what follows from the events.
import { isObject } from '../is-object.js';
import type { LedgerEvent } from './events.js';

export interface EventRow {
  id: number;
  time: string;
  kind: string;
  memory_id: string | null;
  payload: string;
}

/** Undefined if the row is none of the events that an engram of this version writes. Throws SyntaxError if its payload is no
 * JSON. */
export function parseEvent(row: EventRow): LedgerEvent | undefined {
  const { id, time, kind, memory_id: memoryId } = row;
  const payload: unknown = JSON.parse(row.payload);
  const isSound =
    typeof time === 'string' &&
    isObject(payload) &&
    (kind === 'created' || kind === 'moved'
      ? memoryId === null
      : typeof memoryId === 'string' && /^m-[0-9a-f]{1,64}$/.test(memoryId)) &&
    PAYLOADS[kind]?.(payload) === true;
  return isSound ? ({ id, time, kind, memoryId, payload } as unknown as LedgerEvent) : undefined;
}

type Fields = Record<string, unknown>;

const PAYLOADS: Readonly<Record<string, (payload: Fields) => boolean>> = {
  created: ({ model }) => isModel(model),
  remembered: (payload) =>
    isSaid(payload) &&
    isReceipt(payload['receipt']) &&
    isAdapter(payload['adapter']) &&
    isOptional(payload['data'], isObject),
  superseded: ({ by, undoes }) => isText(by) && isOptional(undoes, isCount),
  forgotten: ({ reason, undoes }) => isOptional(reason, isText) && isOptional(undoes, isCount),
  restored: (payload) => isRetrained(payload) && isOptional(payload['undoes'], isCount),
  rebuilt: (payload) => isRetrained(payload) && isOptional(payload['undoes'], isCount),
  consolidated: (payload) => isRetrained(payload) && isStanding(payload['before']) && isStanding(payload['after']),
  rolled_back: (payload) => isSaid(payload) && isReceipt(payload['receipt']),
  moved: ({ model }) => isModel(model),
};

function isModel(value: unknown): boolean {
  return isObject(value) && isText(value['name']) && isText(value['sha256']);
}

function isRetrained({ receipt, adapter, data }: Fields): boolean {
  return isOptional(receipt, isReceipt) && isAdapter(adapter) && isOptional(data, isObject);
}

function isStanding(value: unknown): boolean {
  return hasNumbers(value, ['recall', 'paraphrase']);
}

function isSaid({ text, question, answer }: Fields): boolean {
  return isText(text) && isOptional(question, isText) && isOptional(answer, isText);
}

function isAdapter(value: unknown): boolean {
  const isSound = isObject(value) && isText(value['sha256']) && isNumber(value['bytes']);
  return isSound && isOptional(value['revision'], isCount); // which becomes part of a file's name
}

function isReceipt(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value['id']) &&
    typeof value['committed'] === 'boolean' &&
    isOptional(value['reason'], isText) &&
    hasNumbers(value['loss'], ['before', 'after']) &&
    isBeforeAfter(value['recall']) &&
    isOptional(value['paraphrase'], isBeforeAfter) &&
    isOptional(value['neighbours'], (counts) => hasNumbers(counts, ['kept', 'asked'])) &&
    hasNumbers(value['unrelated'], ['kept', 'asked']) &&
    hasNumbers(value, ['seconds', 'steps', 'tokens', 'flop']) &&
    ['supersedes', 'knownBy'].every((key) => isOptional(value[key], (list) => isListOf(list, isText))) &&
    isOptional(value['superseded'], (counts) => hasNumbers(counts, ['asked', 'recalled'])) &&
    isOptional(value['contradicts'], (list) => isListOf(list, isContradiction)) &&
    Array.isArray(value['probes']) &&
    value['probes'].every(isProbe)
  );
}

function isBeforeAfter(value: unknown): boolean {
  return isObject(value) && isOptional(value['before'], isNumber) && isNumber(value['after']);
}

function isProbe(value: unknown): boolean {
  const texts = ['kind', 'question', 'expected', 'after'];
  const isTold = isObject(value) && texts.every((key) => isText(value[key])) && isOptional(value['before'], isText);
  return isTold && typeof value['held'] === 'boolean';
}

function isContradiction(value: unknown): boolean {
  return isObject(value) && ['id', 'text'].every((key) => isText(value[key])) && isNumber(value['score']);
}

function isListOf(value: unknown, check: (value: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check);
}

function hasNumbers(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && keys.every((key) => isNumber(value[key]));
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON has no NaN: a loss that was not measured is null. */
function isNumber(value: unknown): boolean {
  return typeof value === 'number' || value === null;
}

function isOptional(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || check(value);
}
