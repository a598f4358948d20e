// A server that speaks S3's protocol, for a test: moto's, of PyPI (`pip install "moto[server]"`), in ENGRAM_TEST_S3 or on the path.
// Not here: installing it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';

export interface S3Server {
  /** What a client reads of it: AWS_ENDPOINT_URL and keys. */
  env: NodeJS.ProcessEnv;
  /** Keys of what is in a bucket. */
  list: (bucket: string) => Promise<string[]>;
  stop: () => Promise<void>;
}

export function findS3(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const programs = [process.env['ENGRAM_TEST_S3'] ?? '', ...folders.map((folder) => join(folder, 'moto_server'))];
  return programs.find((program) => program !== '' && isProgram(program));
}

/** With an empty bucket. */
export async function startS3(program: string, bucket: string): Promise<S3Server> {
  const child = spawn(program, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (said += piece.toString()));
  let endpoint: string | undefined;
  while (endpoint === undefined) {
    endpoint = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (child.exitCode !== null) throw new Error(`${program} does not start: ${said}`);
    await wait(50);
  }
  const env = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'secret' };
  const client = new AwsClient({ accessKeyId: 'test', secretAccessKey: 'secret', service: 's3', region: 'us-east-1' });
  await client.fetch(`${endpoint}/${bucket}`, { method: 'PUT' });
  return {
    env,
    list: async (of) => {
      const listed = await (await client.fetch(`${endpoint}/${of}?list-type=2`)).text();
      return [...listed.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key!);
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
