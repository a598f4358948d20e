// A brain as one file, a tar: manifest, ledger, adapters, index. Written as a stream to a temporary file that is renamed when it is
// whole; the brain is only read, and may be in use. Not here: documents and chats, which are other people's texts.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Header, Pack, ReadEntry } from 'tar';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { makeFolder, replaceFile, requireSpace, sha256File, temporaryName } from '../files.js';
import { ARCHIVE_FORMAT, MANIFEST, type ArchiveFile, type ArchiveManifest } from './archive-manifest.js';
import type { Brain } from './brain.js';

export interface ExportOptions {
  /** Write over a file that is there. Default false: throws `exists`. */
  overwrite?: boolean | undefined;
  onProgress?: ((progress: { doneBytes: number; totalBytes: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ExportReport {
  path: string;
  bytes: number;
  memories: number;
  /** Ids of memories whose adapter is damaged and is not in the file: `brain rebuild --damaged` trains them where it is imported. */
  damaged: string[];
}

/** Throws `exists`, `disk`, `corrupt`, `cancelled`. */
export async function exportBrain(
  brain: Pick<Brain, 'name' | 'model' | 'folder' | 'snapshot' | 'fetchAdapters'>,
  path: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const { overwrite = false, onProgress, signal } = options;
  const target = resolve(path);
  if (!overwrite && existsSync(target)) {
    throw new EngramError('exists', `There is a file already: ${target}.`, {
      hint: 'Choose another name, or --force.',
    });
  }
  await makeFolder(dirname(target));
  await brain.fetchAdapters();
  const snapshot = temporaryName(target);
  const temporary = temporaryName(target);
  try {
    // As it is at this moment: what is written meanwhile is not in it.
    const held = brain.snapshot(snapshot).filter(({ state }) => state === 'remembered');
    const files: (ArchiveFile & { from: string })[] = [await fileOf(snapshot, 'ledger.sqlite', signal)];
    const damaged: string[] = [];
    for (const { id, adapter, from } of held) {
      throwIfCancelled(signal);
      const file = await fileOf(from, `adapters/${basename(from)}`, signal).catch(isMissing);
      if (file === undefined || file.sha256 !== adapter?.sha256) damaged.push(id);
      else files.push(file);
      const index = await fileOf(join(brain.folder, 'index', `${id}.f32`), `index/${id}.f32`, signal).catch(isMissing);
      if (index !== undefined) files.push(index);
    }
    const manifest: ArchiveManifest = {
      kind: 'engram-brain',
      format: ARCHIVE_FORMAT,
      name: brain.name,
      model: brain.model,
      exportedAt: new Date().toISOString(),
      files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
    };
    const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    await requireSpace(target, totalBytes, 'the exported brain');
    await writeTar(temporary, manifest, files, (doneBytes) => onProgress?.({ doneBytes, totalBytes }), signal);
    await replaceFile(temporary, target);
    return { path: target, bytes: (await stat(target)).size, memories: held.length, damaged };
  } catch (error) {
    throw fromSystemError(error, target);
  } finally {
    for (const file of [snapshot, temporary]) await rm(file, { force: true }).catch(() => undefined);
  }
}

async function fileOf(from: string, path: string, signal?: AbortSignal): Promise<ArchiveFile & { from: string }> {
  const sha256 = await sha256File(from, { signal });
  return { from, path, bytes: (await stat(from)).size, sha256 };
}

function isMissing(error: unknown): undefined {
  if (error instanceof EngramError && error.code === 'not_found') return undefined;
  throw error;
}

async function writeTar(
  target: string,
  manifest: ArchiveManifest,
  files: readonly (ArchiveFile & { from: string })[],
  onBytes: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pack = new Pack({ portable: true });
  const out = createWriteStream(target, { flags: 'wx' });
  const written = finished(out);
  written.catch(() => undefined); // awaited below; until then it is no unhandled rejection
  pack.pipe(out as unknown as NodeJS.WriteStream);
  let done = 0;
  try {
    const text = Buffer.from(JSON.stringify(manifest, null, 1));
    await add(pack, written, { path: MANIFEST, bytes: text.length }, Readable.from([text]), () => undefined);
    for (const file of files) {
      throwIfCancelled(signal);
      const hash = createHash('sha256');
      await add(pack, written, file, createReadStream(file.from, { highWaterMark: 1 << 18 }), (piece) => {
        throwIfCancelled(signal);
        hash.update(piece);
        onBytes((done += piece.length));
      });
      if (hash.digest('hex') !== file.sha256)
        throw new EngramError('corrupt', `${file.from} changed while it was read.`);
    }
    pack.end();
    await written;
  } catch (error) {
    out.destroy();
    throw error;
  }
}

/** Adds one entry to a tar, waiting where the disk is slower than we are. `written` rejects where the disk fails. */
async function add(
  pack: Pack,
  written: Promise<void>,
  { path, bytes }: { path: string; bytes: number },
  source: Readable,
  onPiece: (piece: Buffer) => void,
): Promise<void> {
  const header = new Header({ path, size: bytes, type: 'File', mode: 0o644, mtime: new Date(0) });
  const entry = new ReadEntry(header);
  pack.add(entry);
  let left = bytes;
  for await (const piece of source) {
    const data = piece as Buffer;
    left -= data.length;
    if (left < 0) break;
    onPiece(data);
    if (!entry.write(data)) await Promise.race([once(entry as unknown as NodeJS.EventEmitter, 'drain'), written]);
  }
  if (left !== 0) throw new EngramError('corrupt', `${path} changed its size while it was read.`);
  entry.end();
}
