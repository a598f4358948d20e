// What is known of a stored adapter beside its weights: manifest.json. Not here: where it lies (adapters.ts).
import { EngramError } from '../errors.js';
import { isTask, type ClassifyTask } from './classify/task.js';
import type { BaseModelInfo, LoraKind, TargetModule } from './types.js';

export interface AdapterManifest {
  /** Version of this format. */
  format: 1;
  name: string;
  /** The model it was trained on and fits. */
  base: {
    /** As the user knows it. */
    name: string;
    /** Of the GGUF file, hexadecimal. */
    sha256: string;
    architecture: string;
    heads: number;
    keyValueHeads: number;
  };
  /** How its scale follows from alpha and rank. Default lora. */
  kind?: LoraKind;
  /** The largest of its matrices. */
  rank: number;
  alpha: number;
  targets: TargetModule[];
  /** First and last adapted layer. */
  layers: [first: number, last: number];
  /** ISO 8601. */
  createdAt: string;
  /** What the training measured; null where it did not. */
  losses: { train: number; validation: number | null }[];
  trainedTokens: number;
  /** Of one that `train` made: the id of the run. */
  run?: string;
  /** Of an adapter that was trained on labels: what it is asked. */
  task?: ClassifyTask;
  /** Of an adapter that fineTune() goes on with: its learning rate, and the steps taken so far. */
  fineTune?: { learningRate: number; steps: number };
  /** What people call it, where that is not its name. */
  title?: string;
  /** What it was merged or cut from, with their shares; absent for one that was trained. */
  madeFrom?: { name: string; weight: number }[];
}

/** An adapter of the store. */
export interface StoredAdapter {
  name: string;
  /** The GGUF file. */
  path: string;
  bytes: number;
  manifest: AdapterManifest;
}

/** The part of a manifest that says which model it is for. */
export function manifestBase(name: string, sha256: string, info: BaseModelInfo): AdapterManifest['base'] {
  const { architecture, heads, keyValueHeads } = info;
  return { name, sha256, architecture, heads, keyValueHeads };
}

/** Throws `mismatch` if the adapter belongs to another model than the one whose file has this SHA-256. */
export function requireBase(manifest: AdapterManifest, sha256: string): void {
  if (manifest.base.sha256.toLowerCase() === sha256.toLowerCase()) return;
  throw new EngramError('mismatch', `The adapter "${manifest.name}" was trained on another model.`, {
    hint: `Use it with ${manifest.base.name}, or train it anew.`,
    details: { adapter: manifest.name, trainedOn: manifest.base.sha256, given: sha256 },
  });
}

/** Throws `corrupt`, or `unsupported` for the format of a later engram. */
export function parseManifest(json: string, path: string): AdapterManifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new EngramError('corrupt', `${path} is not JSON.`, { cause: error });
  }
  const manifest = value as Partial<AdapterManifest> | null;
  if (typeof manifest !== 'object' || manifest === null) throw new EngramError('corrupt', `${path} is no manifest.`);
  if (manifest.format !== 1) {
    throw new EngramError('unsupported', `${path} has a format that this engram does not know.`, {
      hint: 'It was written by a later version.',
    });
  }
  const isSound =
    isText(manifest.name) &&
    isText(manifest.createdAt) &&
    isText(manifest.base?.sha256) &&
    isText(manifest.base.name) &&
    isText(manifest.base.architecture) &&
    isCount(manifest.base.heads) &&
    isCount(manifest.base.keyValueHeads) &&
    isCount(manifest.rank) &&
    typeof manifest.alpha === 'number' &&
    typeof manifest.trainedTokens === 'number' &&
    isArrayOf(manifest.targets, isText) &&
    isRange(manifest.layers) &&
    isArrayOf(manifest.losses, isLoss) &&
    (manifest.run === undefined || isText(manifest.run)) &&
    (manifest.title === undefined || isText(manifest.title)) &&
    (manifest.fineTune === undefined || isFineTune(manifest.fineTune)) &&
    (manifest.task === undefined || isTask(manifest.task));
  if (!isSound) throw new EngramError('corrupt', `${path} lacks fields of a manifest.`);
  return manifest as AdapterManifest;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isArrayOf(values: unknown, check: (value: unknown) => boolean): values is unknown[] {
  return Array.isArray(values) && values.every(check);
}

function isRange(value: unknown): boolean {
  return isArrayOf(value, Number.isInteger) && value.length === 2;
}

/** JSON has no NaN: what was not measured is null. */
function isLoss(value: unknown): boolean {
  const isMeasured = (loss: unknown): boolean => typeof loss === 'number' || loss === null;
  const { train, validation } = (value ?? {}) as { train?: unknown; validation?: unknown };
  return isMeasured(train) && isMeasured(validation);
}

function isFineTune(value: unknown): boolean {
  const { learningRate, steps } = (value ?? {}) as { learningRate?: unknown; steps?: unknown };
  return typeof learningRate === 'number' && learningRate > 0 && Number.isInteger(steps) && (steps as number) >= 0;
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}
