// /v1/files: uploaded by name, kept under ids of ours. Rows to fine-tune on are checked as they come, and a bad one is named by its
// line. Not here: receiving bytes (upload.ts), training (jobs.ts).
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../../files.js';
import type { Answerer } from '../answer.js';
import { invalid } from '../errors.js';
import type { Exchange, Route } from '../exchange.js';
import { LIMITS } from '../limits.js';
import { pageOf, Records } from '../records.js';
import { sendJson } from '../reply.js';
import { readUpload } from './upload.js';

export interface FileRecord {
  id: string;
  object: 'file';
  bytes: number;
  created_at: number;
  filename: string;
  purpose: string;
  status: 'processed';
  sha256: string;
}

const PURPOSES = ['fine-tune', 'fine-tune-results', 'assistants', 'user_data', 'batch', 'vision', 'evals'];

export class FileStore {
  readonly records: Records<FileRecord>;

  constructor(home: string) {
    this.records = new Records(home, 'files', 'file-');
  }

  /** The extension tells readers what it is, if it is a plain one. */
  pathOf({ id, filename }: Pick<FileRecord, 'id' | 'filename'>): string {
    const extension = /^\.[a-z0-9]{1,8}$/i.exec(extname(filename))?.[0] ?? '';
    return join(this.records.folder, 'data', `${id}${extension}`);
  }

  async create(exchange: Exchange): Promise<FileRecord> {
    if ((await this.records.list()).length >= LIMITS.files)
      throw invalid(`There are ${LIMITS.files} files; delete some first.`);
    const id = this.records.newId();
    await makeFolder(join(this.records.folder, 'data'));
    const temporary = join(this.records.folder, `.${id}.tmp`);
    const { filename, bytes, sha256, fields } = await readUpload(exchange, temporary);
    try {
      const purpose = fields['purpose'] ?? '';
      if (!PURPOSES.includes(purpose))
        throw invalid(`Expected ${PURPOSES.slice(0, 4).join(', ')} for purpose.`, 'purpose');
      if (bytes === 0) throw invalid('The file is empty.', 'file');
      if (purpose === 'fine-tune') await checkRows(temporary, exchange.signal);
      const record: FileRecord = {
        ...{ id, object: 'file', bytes, created_at: Math.floor(Date.now() / 1000), filename: filename.slice(0, 255) },
        ...{ purpose, status: 'processed', sha256 },
      };
      await rename(temporary, this.pathOf(record));
      return await this.records.put(record);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async remove(id: string): Promise<void> {
    const record = await this.records.find(id, 'file');
    await this.records.remove(id);
    await rm(this.pathOf(record), { force: true });
  }
}

/** Each line a row of `messages`, `prompt` and `completion`, or `text`. Throws 400 with the line. */
export async function checkRows(path: string, signal: AbortSignal): Promise<void> {
  const lines = createInterface({ input: createReadStream(path, { encoding: 'utf8', signal }), crlfDelay: Infinity });
  let number = 0;
  let rows = 0;
  for await (const line of lines) {
    number++;
    if (line.length > LIMITS.lineBytes) throw badRow(number, `is longer than ${LIMITS.lineBytes / 2 ** 20} MiB`);
    if (line.trim() === '') continue;
    rows++;
    const fault = faultOf(number === 1 ? line.replace(/^\uFEFF/, '') : line);
    if (fault !== undefined) throw badRow(number, fault);
  }
  if (rows === 0) throw invalid('The file has no rows.', 'file', 'invalid_training_file');
}

const badRow = (line: number, fault: string) => invalid(`Line ${line} ${fault}.`, 'file', 'invalid_training_file');

function faultOf(line: string): string | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return 'is not valid JSON';
  }
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return 'is not an object';
  const { messages, prompt, completion, text } = row as Record<string, unknown>;
  if (typeof text === 'string' && text.trim() !== '') return undefined;
  if (typeof prompt === 'string' && typeof completion === 'string') return undefined;
  if (!Array.isArray(messages) || messages.length === 0)
    return 'has no messages, no prompt with completion, and no text';
  for (const [i, message] of (messages as unknown[]).entries()) {
    const { role, content } = (message ?? {}) as Record<string, unknown>;
    if (typeof role !== 'string') return `: messages[${i}] has no role`;
    if (typeof content !== 'string') return `: messages[${i}] has no content that is a text`;
  }
  const isAnswered = (messages as { role: string }[]).some(({ role }) => role === 'assistant');
  return isAnswered ? undefined : 'has no message of the assistant, so there is nothing to learn';
}

export function fileRoutes(_: Answerer, store: FileStore): Route[] {
  const shown = ({ sha256, ...record }: FileRecord): object => ({
    ...record,
    status_details: null,
    engram: { sha256 },
  });
  return [
    {
      ...{ method: 'POST', path: '/v1/files', scope: 'remember', uploads: true },
      handle: async (exchange) => {
        sendJson(exchange, shown(await store.create(exchange)));
      },
    },
    {
      ...{ method: 'GET', path: '/v1/files', scope: 'remember' },
      handle: async (exchange) => {
        const purpose = exchange.query.get('purpose');
        const all = (await store.records.list()).filter((file) => purpose === null || file.purpose === purpose);
        const page = pageOf(all, exchange.query, 10_000);
        sendJson(exchange, { ...page, data: page.data.map(shown) });
      },
    },
    {
      ...{ method: 'GET', path: '/v1/files/:id', scope: 'remember' },
      handle: async (exchange) => {
        sendJson(exchange, shown(await store.records.find(exchange.params['id']!, 'file')));
      },
    },
    {
      ...{ method: 'GET', path: '/v1/files/:id/content', scope: 'remember' },
      handle: async (exchange) => {
        const path = store.pathOf(await store.records.find(exchange.params['id']!, 'file'));
        const { size } = await stat(path);
        exchange.response.writeHead(200, {
          'content-type': 'application/octet-stream',
          'content-length': size,
          'content-disposition': 'attachment',
        });
        if (exchange.request.method === 'HEAD') exchange.response.end();
        else await pipeline(createReadStream(path), exchange.response);
      },
    },
    {
      ...{ method: 'DELETE', path: '/v1/files/:id', scope: 'remember' },
      handle: async (exchange) => {
        const id = exchange.params['id']!;
        await store.remove(id);
        sendJson(exchange, { id, object: 'file', deleted: true });
      },
    },
  ];
}
