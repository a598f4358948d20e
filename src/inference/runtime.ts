// Loads llama.cpp, once in a process for each choice of GPU: the binaries that node-llama-cpp brings, never a build or a
// download. It finds out which of them suit the machine; the native addon then calls the very library that it loaded. Its
// log goes nowhere unless asked for, but its last complaints are kept: they say why a file was refused.
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type * as NodeLlamaCpp from 'node-llama-cpp';
import type { Llama } from 'node-llama-cpp';
import { EngramError } from '../errors.js';

type Gpu = 'auto' | false;

export interface Runtime {
  llama: Llama;
  /** Path of the libllama that is loaded. */
  library: string;
  /** It and those of ggml beside it: what computes. */
  libraries: readonly string[];
}

const KEPT_COMPLAINTS = 8;
const loading = new Map<Gpu, Promise<Runtime>>();
const complaints: string[] = [];

/** Throws `native` if there are no binaries for this platform. `verbose` writes llama.cpp's log to stderr from now on. */
export async function loadRuntime(gpu: Gpu, verbose = false): Promise<Runtime> {
  let promise = loading.get(gpu);
  if (promise === undefined) {
    promise = start(gpu);
    loading.set(gpu, promise);
    promise.catch(() => loading.delete(gpu));
  }
  const runtime = await promise;
  const { llama } = runtime;
  const { LlamaLogLevel } = await library();
  llama.logLevel = verbose ? LlamaLogLevel.info : LlamaLogLevel.warn;
  llama.logger = (level, message) => {
    const text = message.trim();
    if (text === '') return;
    if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal) {
      complaints.push(text);
      complaints.splice(0, complaints.length - KEPT_COMPLAINTS);
    }
    if (verbose) process.stderr.write(`llama.cpp: ${text}\n`);
  };
  return runtime;
}

/** What llama.cpp complained of since the last call. It writes its log from another thread, so this waits a moment. */
export async function recentComplaints(): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return complaints.splice(0);
}

/** It takes long to load (0.3 to 0.7 s), so that happens only when the first model is. */
function library(): Promise<typeof NodeLlamaCpp> {
  if (process.env['CI'] === '') delete process.env['CI']; // node-llama-cpp throws where it is empty
  return import('node-llama-cpp');
}

async function start(gpu: Gpu): Promise<Runtime> {
  try {
    const { getLlama, LlamaLogLevel } = await library();
    const llama = await getLlama({
      gpu,
      build: 'never', // a build would need cmake and the network
      skipDownload: true,
      progressLogs: false,
      maxThreads: 0, // no limit but the one that each context is given
      logLevel: LlamaLogLevel.error,
      logger: () => undefined, // replaced by loadRuntime
    });
    const path = loadedLibrary();
    return { llama, library: path, libraries: loadedFiles().filter((file) => isBeside(file, path)) };
  } catch (error) {
    throw new EngramError('native', 'llama.cpp cannot be loaded on this machine.', {
      hint: 'Install the dependencies again (`npm ci`), with optional dependencies: they bring its binaries.',
      cause: error,
    });
  }
}

/** The libllama of this process. If there are several, for several choices of GPU, the last. */
function loadedLibrary(): string {
  const path = loadedFiles().findLast((file) => /^(lib)?llama(\.[^/\\]*)?\.(so|dylib|dll)$/.test(basename(file)));
  if (path === undefined) throw new Error('libllama is not among the loaded libraries.');
  return path;
}

/** Whether a file is one of llama.cpp's libraries in the folder of `library`, or in one below it for a GPU. */
function isBeside(file: string, library: string): boolean {
  return file.startsWith(dirname(library)) && /^(lib)?(llama|ggml)[^/\\]*\.(so|dylib|dll)$/.test(basename(file));
}

function loadedFiles(): string[] {
  try {
    const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
    return [...new Set(maps.map((line) => line.slice(line.indexOf('/'))))];
  } catch {
    return (process.report.getReport() as { sharedObjects: string[] }).sharedObjects; // elsewhere than on Linux
  }
}
