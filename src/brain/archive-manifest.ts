// What a brain in one file says of itself: the first entry of the tar, with the size and hash of all others. Not here: the tar
// (archive-write.ts, archive-read.ts).
import { EngramError } from '../errors.js';
import type { ModelIdentity } from './events.js';

/** Raised when an older engram could not read what is written. */
export const ARCHIVE_FORMAT = 1;
export const MANIFEST = 'manifest.json';
/** Bytes. A hundred thousand memories have less. */
export const MOST_MANIFEST_BYTES = 64 * 2 ** 20;

export interface ArchiveManifest {
  kind: 'engram-brain';
  format: number;
  /** Name the brain had. */
  name: string;
  model: ModelIdentity;
  /** ISO 8601. */
  exportedAt: string;
  files: ArchiveFile[];
}

export interface ArchiveFile {
  /** Inside the brain's folder, with `/`. */
  path: string;
  bytes: number;
  sha256: string;
}

/** The only names there are in an archive: nothing else can be written when one is read. */
const PATH = /^(?:ledger\.sqlite|adapters\/m-[0-9a-f]{1,64}(?:-\d{1,9})?\.gguf|index\/m-[0-9a-f]{1,64}\.f32)$/;

/** Throws `corrupt`, and `unsupported` for an archive of a newer engram. */
export function parseManifest(bytes: Uint8Array): ArchiveManifest {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null) throw damaged('its manifest is no object');
  const { kind, format, name, model, exportedAt, files } = value as Record<string, unknown>;
  if (kind !== 'engram-brain' || !isCount(format)) throw damaged('its manifest is not of a brain');
  if (format > ARCHIVE_FORMAT) {
    throw new EngramError(
      'unsupported',
      `This brain was exported by a newer engram: the file has format ${format}, this program knows up to ${ARCHIVE_FORMAT}.`,
      { hint: 'Update engram.', details: { format } },
    );
  }
  const isSound = typeof name === 'string' && isModel(model) && typeof exportedAt === 'string' && Array.isArray(files);
  if (!isSound || !files.every(isFile))
    throw damaged('its manifest lacks something, or names a file that no brain has');
  if (new Set(files.map(({ path }) => path)).size !== files.length) throw damaged('its manifest names a file twice');
  if (!files.some(({ path }) => path === 'ledger.sqlite')) throw damaged('it has no ledger');
  return { kind, format, name, model: { name: model.name, sha256: model.sha256 }, exportedAt, files };
}

export function damaged(how: string, cause?: unknown): EngramError {
  return new EngramError('corrupt', `This is no brain that engram exported, or it is damaged: ${how}.`, {
    hint: 'Export it again, or get another copy of the file.',
    cause,
  });
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged('its manifest is no JSON', error);
  }
}

function isModel(value: unknown): value is ModelIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { name, sha256 } = value as Record<string, unknown>;
  return typeof name === 'string' && isHash(sha256);
}

function isFile(value: unknown): value is ArchiveFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path, bytes, sha256 } = value as Record<string, unknown>;
  return typeof path === 'string' && PATH.test(path) && isCount(bytes) && isHash(sha256);
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
