// Fetches one file over HTTPS into a partial file, going on where an earlier try stopped. The only importer of undici. Not
// here: whether the file is the right one (pull.ts checks its hash).
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from 'undici';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';

export interface DownloadOptions {
  /** Sent as a bearer token to this host only: a redirect to another one goes without. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the bytes that are there, those of an earlier try included. */
  onBytes?: ((received: number) => void) | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const SILENCE_TIMEOUT_MS = 60_000;
/** Tries that follow one which broke off after it had brought something. */
const RETRIES = 4;

/** Hosts that could not be reached: asked once in the life of a process, so that many files wait for the timeout once. */
const unreachable = new Map<string, string>();

let agent: Dispatcher | undefined;

/** Downloads `url` to `partial`, appending to what is there. Throws `network` (in words fit for a list of what each source
 * answered), `disk`, `cancelled`. What has come stays in `partial` for the next try. */
export async function download(url: URL, partial: string, options: DownloadOptions = {}): Promise<void> {
  const known = unreachable.get(url.host);
  if (known !== undefined) throw new EngramError('network', known);
  for (let retry = 0; ; retry++) {
    throwIfCancelled(options.signal);
    const before = await sizeOf(partial);
    try {
      await attempt(url, partial, before, options);
      return;
    } catch (error) {
      throwIfCancelled(options.signal);
      const failure = describe(error, url);
      if (failure.code !== 'network' || failure.details?.['final'] === true) throw failure;
      const progressed = (await sizeOf(partial)) > before;
      if (!progressed || retry === RETRIES) throw failure;
    }
  }
}

async function attempt(url: URL, partial: string, have: number, options: DownloadOptions): Promise<void> {
  agent ??= new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: SILENCE_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
  });
  const response = await fetch(url, {
    dispatcher: agent,
    headers: {
      // Compressed, the pieces of a range would not fit together.
      'accept-encoding': 'identity',
      ...(have > 0 ? { range: `bytes=${have}-` } : {}),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    },
    signal: options.signal ?? null,
  });
  if (response.status === 416) {
    // What is there is as long as the file or longer. If it is whole, its hash will say so; if not, the hash removes it.
    await response.body?.cancel();
    return;
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw answered(response, url);
  }
  const resumed = response.status === 206 && startOf(response) === have;
  let received = resumed ? have : 0;
  if (response.status === 206 && !resumed) {
    await response.body.cancel();
    await rm(partial, { force: true });
    throw new EngramError('network', `${url.host} sent another part of the file than was asked for`, {
      details: { final: true },
    });
  }
  options.onBytes?.(received);
  const body = Readable.fromWeb(response.body);
  body.on('data', (piece: Buffer) => {
    received += piece.length;
    options.onBytes?.(received);
  });
  const file = createWriteStream(partial, { flags: resumed ? 'a' : 'w' });
  await pipeline(body, file, { signal: options.signal });
}

function startOf(response: Response): number {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? -1 : Number(match[1]);
}

function answered(response: Response, url: URL): EngramError {
  const text = response.statusText === '' ? '' : ` ${response.statusText}`;
  const hint =
    response.status === 401 || response.status === 403
      ? 'If the model wants you to accept its licence, do so on its page and set HF_TOKEN.'
      : undefined;
  return new EngramError('network', `${url.host} answered ${response.status}${text}`, {
    hint,
    details: { final: true, status: response.status },
  });
}

/** Turns whatever a request threw into `network`, `disk` or `cancelled`, and remembers hosts that cannot be reached. */
function describe(error: unknown, url: URL): EngramError {
  if (error instanceof EngramError) return error;
  const known = fromSystemError(error, 'the model could not be written');
  if (known instanceof EngramError) return known;
  const code = codeOf(error);
  if (code !== undefined && NO_CONNECTION.has(code)) {
    const message = `${url.host} cannot be reached (${code})`;
    unreachable.set(url.host, message);
    return new EngramError('network', message, { cause: error, details: { final: true } });
  }
  const reason = code ?? (error instanceof Error ? error.message : String(error));
  return new EngramError('network', `the connection to ${url.host} broke off (${reason})`, { cause: error });
}

const NO_CONNECTION = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_TLS',
]);

/** The error code of the innermost cause that has one. */
function codeOf(error: unknown): string | undefined {
  let code: string | undefined;
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') code = at.code;
    if (at instanceof AggregateError && at.errors[0] instanceof Error) code = codeOf(at.errors[0]) ?? code;
  }
  return code;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}
