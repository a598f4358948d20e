// Blobs in a bucket that speaks S3's protocol: AWS, MinIO, R2, Ceph. Region, keys and another server than Amazon's come from the
// variables that AWS's own tools read. Not here: files of configuration, roles of machines and single sign-on, which set these variables.
import type { AwsClient } from 'aws4fetch';
import { EngramError, type ErrorCode } from '../errors.js';
import type { Blobs } from './blobs.js';

/** Milliseconds for one request. An adapter of some 30 MB has to come through. */
const REQUEST_MS = 60_000;
/** Times that a request is repeated which the server could not answer (429, 5xx). */
const RETRIES = 3;

/** `s3://bucket/prefix`, as it stands in the address of a store. Throws `usage` for what is none. */
export function readBucket(address: string): { bucket: string; prefix: string } {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address) ?? [];
  if (bucket === undefined) {
    throw new EngramError(
      'usage',
      'Expected a place for adapters such as s3://bucket/prefix in the address of the store.',
    );
  }
  const prefix = rest.replace(/\/+$/, '');
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/** Asks nothing of the server yet. Throws `usage` where there are no keys. `env`: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN, AWS_REGION (default us-east-1), AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL (default Amazon's). */
export async function openS3(address: string, env: NodeJS.ProcessEnv = process.env): Promise<Blobs> {
  const { bucket, prefix } = readBucket(address);
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  if (!accessKeyId || !secretAccessKey) {
    throw new EngramError('usage', `There are no keys for ${address}.`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw new EngramError(
      'usage',
      `Expected an address such as https://minio.example for AWS_ENDPOINT_URL but received "${endpoint}".`,
    );
  }
  const { AwsClient } = await import('aws4fetch'); // most brains need none
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const keys = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  const client = new AwsClient({ ...keys, region, service: 's3', retries: RETRIES });
  return new S3(client, `${endpoint.replace(/\/+$/, '')}/${bucket}/${prefix}`, `s3://${bucket}/${prefix}`);
}

class S3 implements Blobs {
  constructor(
    private readonly client: AwsClient,
    private readonly url: string,
    readonly place: string,
  ) {}

  async put(key: string, data: Uint8Array): Promise<void> {
    const response = await this.#ask(key, { method: 'PUT', body: Buffer.from(data) });
    await this.#require(response);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const response = await this.#ask(key, { method: 'GET' });
    if (response.status === 404 && !(await response.clone().text()).includes('NoSuchBucket')) return undefined;
    await this.#require(response);
    return new Uint8Array(await this.#whole(response));
  }

  async remove(key: string): Promise<void> {
    const response = await this.#ask(key, { method: 'DELETE' });
    if (response.status !== 404) await this.#require(response);
  }

  async #ask(key: string, request: { method: string; body?: Uint8Array<ArrayBuffer> }): Promise<Response> {
    try {
      return await this.client.fetch(`${this.url}${key}`, { ...request, signal: AbortSignal.timeout(REQUEST_MS) });
    } catch (error) {
      throw this.#fault(
        'network',
        'cannot be reached',
        reasonOf(error),
        'See whether AWS_ENDPOINT_URL is right.',
        error,
      );
    }
  }

  /** A connection may end in the middle of an adapter. */
  async #whole(response: Response): Promise<ArrayBuffer> {
    try {
      return await response.arrayBuffer();
    } catch (error) {
      throw this.#fault('network', 'broke off', reasonOf(error), 'Try again.', error);
    }
  }

  async #require(response: Response): Promise<void> {
    if (response.ok) return;
    const said = await response.text().catch(() => '');
    const code = /<Code>([^<]*)<\/Code>/.exec(said)?.[1] ?? `${response.status}`;
    const { status } = response;
    if (status === 404) throw this.#fault('usage', 'is not there', code, 'Make the bucket; engram makes none.');
    if (status === 401 || status === 403 || status === 400 || status === 301) {
      throw this.#fault(
        'usage',
        'refused this',
        code,
        'See AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and the rights of the key.',
      );
    }
    throw this.#fault('network', 'could not answer', code, 'Try again.');
  }

  #fault(code: ErrorCode, what: string, why: string, hint: string, cause?: unknown): EngramError {
    return new EngramError(code, `The place of the adapters, ${this.place}, ${what}: ${why}.`, { hint, cause });
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
