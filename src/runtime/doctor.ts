// What is installed, what this machine can do, what would be used, and what is wrong. It fetches and mends nothing, and makes
// nothing but the home.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { EngramError, throwIfCancelled } from '../errors.js';
import { freeSpace, makeFolder } from '../files.js';
import { listBrains, openBrain } from '../brain/index.js';
import { findJudge } from '../gate/index.js';
import {
  AUTO,
  autoModel,
  availableMemory,
  catalogName,
  findEntry,
  isInstalled,
  listModels,
  machineMemory,
  modelSha256,
  resolveModel,
} from '../models/index.js';
import { settle, type GivenSettings } from '../options/index.js';
import { AdapterStore, cpuInfo, measurePeak } from '../training/index.js';

/** Groups of facts for a person to read; `problems` is what has to be done something about. */
export interface DoctorReport {
  problems: { message: string; hint?: string | undefined }[];
  [group: string]: unknown;
}

/** Looks at everything it can; what fails becomes a problem and not an exception. */
export async function doctor(
  options: GivenSettings & { signal?: AbortSignal | undefined } = {},
): Promise<DoctorReport> {
  const { signal, ...given } = options;
  const settings = settle(given);
  const { home } = settings;
  const problems: DoctorReport['problems'] = [];
  const attempt = async <T>(action: () => Promise<T> | T): Promise<T | undefined> => {
    throwIfCancelled(signal);
    try {
      return await action();
    } catch (error) {
      const known = error instanceof EngramError;
      problems.push({
        message: error instanceof Error ? error.message : String(error),
        hint: known ? error.hint : undefined,
      });
      return undefined;
    }
  };
  const addon = await attempt(cpuInfo);
  const peak = addon && (await attempt(() => measurePeak({ ms: 400 })));
  await attempt(async () => {
    await makeFolder(home);
    await access(home, constants.W_OK).catch(() => {
      throw new EngramError('disk', `The home cannot be written to: ${home}.`, {
        hint: 'Check its permissions, or set ENGRAM_HOME (--home) to another folder.',
      });
    });
  });
  const model = settings.model === AUTO ? await autoModel(home) : settings.model;
  for (const name of [model, settings.embedder]) {
    const entry = findEntry(name);
    if (entry !== undefined && !(await isInstalled(home, entry))) {
      problems.push({ message: `${name} is not installed.`, hint: `Fetch it with: engram models pull ${name}` });
    } else if (entry === undefined) {
      await attempt(() => resolveModel(home, name));
    }
  }
  const judge = await attempt(() => judgeOf(home, model, settings.embedder, signal));
  const brains = listBrains(home);
  for (const name of brains) {
    const brain = await attempt(() => openBrain({ home, name }));
    for (const memory of (await attempt(() => brain?.check())) ?? []) {
      problems.push({
        message: `The adapter of ${memory.id} in the brain ${name} is ${memory.damaged ?? 'damaged'}.`,
        hint: `Train it again with: engram brain rebuild --damaged --brain ${name}`,
      });
    }
    brain?.close();
  }
  const adapters = await attempt(() => new AdapterStore(home).list());
  for (const { name, problem } of adapters?.broken ?? [])
    problems.push({ message: `The adapter ${name} is broken: ${problem}` });
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return {
    problems,
    machine: {
      platform: `${process.platform}-${process.arch}`,
      node: process.versions.node,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memory: gib(machineMemory()),
      memoryAvailable: gib(availableMemory()),
      diskFree: await freeSpace(home)
        .then(gib)
        .catch(() => 'unknown'),
    },
    training: {
      features: addon?.features ?? [],
      kernels: addon?.kernel,
      precision: addon?.precision,
      peakGflops: peak,
    },
    uses: { home, model, embedder: settings.embedder, judge, brain: settings.brain, gpu: settings.gpu },
    models: await fitting(home),
    brains,
    adapters: (adapters?.adapters ?? []).map(({ name }) => name),
  };
}

/** Which chat models this machine can memorize with, chat with only, or not hold, by all the memory that it has. */
async function fitting(home: string): Promise<Record<'memorize' | 'chatOnly' | 'tooLarge' | 'auto', unknown>> {
  const chat = (await listModels(home)).filter(({ entry }) => entry.role === 'chat');
  const names = (wanted: (fits: (typeof chat)[number]['memory']['fits']) => boolean): string[] =>
    chat
      .filter(({ memory }) => wanted(memory.fits))
      .map(({ entry, installed }) => `${entry.name}${installed ? ' (installed)' : ''}`);
  return {
    memorize: names(({ training }) => training),
    chatOnly: names(({ training, answering }) => answering && !training),
    tooLarge: names(({ answering }) => !answering),
    auto: await autoModel(home),
  };
}

/** By what is told which memory answers, in words. */
async function judgeOf(home: string, name: string, embedder: string, signal: AbortSignal | undefined): Promise<string> {
  const model = await resolveModel(home, name).catch(() => undefined);
  if (model === undefined) return 'unknown: the model is not installed';
  const file = await findJudge(await modelSha256(home, model.path, signal));
  if (file === undefined) return 'none was made for this model: closeness of meaning alone tells which memory answers';
  const isOther = file.manifest.embedder !== catalogName(embedder);
  return `made for this model${isOther ? `; without closeness, since it was set for ${file.manifest.embedder}` : ''}`;
}
