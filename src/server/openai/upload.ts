// An uploaded file as it streams in: to a temporary file, bytes counted, nothing kept in memory. Not here: what files are for.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import { fromSystemError } from '../../errors.js';
import { requireSpace } from '../../files.js';
import { HttpError, invalid } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { LIMITS } from '../limits.js';

export interface Upload {
  /** As the client calls it: data, never a path. */
  filename: string;
  bytes: number;
  sha256: string;
  fields: Readonly<Record<string, string>>;
}

/** Reads multipart/form-data with one file into `path`. What was written is deleted where anything fails. Throws 413, 415, 400,
 * `disk`. */
export async function readUpload({ request }: Exchange, path: string): Promise<Upload> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data;/i.test(type)) {
    throw new HttpError(415, 'invalid_request_error', 'Expected multipart/form-data with a field file.');
  }
  if (Number(request.headers['content-length'] ?? 0) > LIMITS.uploadBytes + LIMITS.jsonBytes) throw tooLarge();
  await requireSpace(path, Number(request.headers['content-length'] ?? 0), 'the upload');
  try {
    return await receive(request, type, path);
  } catch (error) {
    await rm(path, { force: true });
    if (error instanceof HttpError) throw error;
    const ours = fromSystemError(error, 'the upload');
    throw ours === error ? invalid('The upload ended before it was whole, or is no proper multipart/form-data.') : ours;
  }
}

function tooLarge(): HttpError {
  const most = LIMITS.uploadBytes / 2 ** 20;
  return new HttpError(413, 'invalid_request_error', `The file is larger than ${most} MiB.`, {
    param: 'file',
    code: 'file_too_large',
  });
}

async function receive(request: Exchange['request'], type: string, path: string): Promise<Upload> {
  const fields: Record<string, string> = {};
  const hash = createHash('sha256');
  const parser = new Busboy({
    headers: { ...request.headers, 'content-type': type },
    limits: { files: 1, fileSize: LIMITS.uploadBytes, fields: 16, fieldSize: 64 * 1024, parts: 20, headerPairs: 50 },
  });
  let file: Promise<Pick<Upload, 'filename' | 'bytes'>> | undefined;
  let fault: HttpError | undefined;
  parser.on('field', (name, value) => {
    if (/^[a-z_][\w[\]]{0,63}$/i.test(name) && name !== '__proto__') fields[name] = value;
  });
  parser.on('filesLimit', () => (fault ??= invalid('Only one file is taken at a time.', 'file')));
  parser.on('file', (name, stream, filename) => {
    if (name !== 'file') {
      fault ??= invalid(`Expected the field file but received ${JSON.stringify(name.slice(0, 64))}.`, 'file');
      stream.resume();
      return;
    }
    let bytes = 0;
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
      hash.update(piece);
    });
    stream.on('limit', () => {
      fault ??= tooLarge();
      stream.destroy(fault);
    });
    file = pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })).then(() => ({
      filename: filename || 'file',
      bytes,
    }));
    file.catch(() => undefined); // told below
  });
  await pipeline(request, parser).catch((error: unknown) => {
    throw fault ?? error;
  });
  const written = await file?.catch((error: unknown) => {
    throw fault ?? error;
  });
  if (fault !== undefined) throw fault;
  if (written === undefined) throw invalid('There is no file in the form: its field is file.', 'file');
  return { ...written, sha256: hash.digest('hex'), fields };
}
