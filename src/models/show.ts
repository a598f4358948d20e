// Everything there is to say of one model, of the catalog or a file of the user's own: `engram models show`.
import { catalog, findEntry, totalBytes, type CatalogEntry, type ModelRole } from './catalog.js';
import { entryNeeds, fitsIn, memoryNeeds, type MemoryNeeds } from './fit.js';
import { availableMemory } from './memory-room.js';
import { inspectModel, type ModelInfo } from './inspect.js';
import { resolveModel } from './resolve.js';
import { filePath, isInstalled, modelFolder, readRecord } from './store.js';

export interface ModelDetails {
  name: string;
  description?: string;
  role?: ModelRole;
  architecture: string;
  parameters: number;
  /** Known once the file is there. */
  quantisation?: string;
  /** Tokens the model was made for. */
  contextLength: number;
  hasChatTemplate?: boolean;
  licence?: string;
  aliases?: string[];
  /** Of its files. */
  bytes: number;
  /** How many files it lies in, where they are several parts of one. */
  parts?: number;
  installed: boolean;
  /** The file of one's own, or the folder it is or will be installed in. */
  path: string;
  /** Estimates, with what is free now beside them. */
  memory: { chatBytes: number; trainingBytes: number; freeBytes: number };
  /** Whether there is memory for it now, to answer or continue with and to train. */
  fits: { answering: boolean; training: boolean };
  /** What it can be used for. */
  does?: string[];
  /** Why one cannot chat with it as it is. */
  problem?: string;
  /** Of a model of the catalog: the hashes it should have, and where they were got from. */
  files?: { path: string; bytes: number; sha256?: string; source?: string }[];
}

/** Throws `not_found`; `corrupt` or `unsupported` for a file that is no sound GGUF. */
export async function showModel(
  home: string,
  nameOrPath: string,
  entries: readonly CatalogEntry[] = catalog(),
): Promise<ModelDetails> {
  const entry = findEntry(nameOrPath, entries);
  if (entry !== undefined) return showEntry(home, entry);
  const { name, path } = await resolveModel(home, nameOrPath, { entries });
  const info = inspectModel(path);
  return {
    name,
    ...fromInfo(info),
    architecture: info.architecture,
    parameters: info.parameters,
    contextLength: info.contextLength,
    bytes: info.bytes,
    ...(info.parts > 1 ? { parts: info.parts } : {}),
    installed: true,
    path,
    ...fit(memoryNeeds(info)),
  };
}

async function showEntry(home: string, entry: CatalogEntry): Promise<ModelDetails> {
  const installed = await isInstalled(home, entry);
  const record = await readRecord(home, entry);
  const weights = entry.files.find((file) => file.path.endsWith('.gguf'));
  return {
    name: entry.name,
    description: entry.description,
    role: entry.role,
    architecture: entry.architecture,
    parameters: entry.parameters,
    contextLength: entry.shape.contextLength,
    ...(installed && weights !== undefined ? fromInfo(inspectModel(filePath(home, entry, weights))) : {}),
    licence: entry.licence,
    aliases: entry.aliases,
    bytes: totalBytes(entry),
    installed,
    path: modelFolder(home, entry),
    ...fit(entryNeeds(entry)),
    files: entry.files.map(({ path, bytes, sha256 }) => {
      const source = record?.files[path]?.source;
      return { path, bytes, ...(sha256 === undefined ? {} : { sha256 }), ...(source === undefined ? {} : { source }) };
    }),
  };
}

function fromInfo(info: ModelInfo): Pick<ModelDetails, 'quantisation' | 'hasChatTemplate' | 'does' | 'problem'> {
  const { quantisation, hasChatTemplate, notLanguageModel } = info;
  const facts = { quantisation, hasChatTemplate };
  if (notLanguageModel !== undefined) return { ...facts, does: [], problem: `It ${notLanguageModel}.` };
  if (hasChatTemplate) return { ...facts, does: ['chat', ...WITHOUT_TEMPLATE] };
  const problem = 'It has no chat template, as base models have none: to chat, name one with --chat-template.';
  return { ...facts, does: [...WITHOUT_TEMPLATE], problem };
}

/** The commands that need no chat template. */
const WITHOUT_TEMPLATE = ['complete', 'train', 'tokens', 'embed'];

function fit(needs: MemoryNeeds): Pick<ModelDetails, 'memory' | 'fits'> {
  const freeBytes = availableMemory();
  return {
    memory: { chatBytes: needs.chat, trainingBytes: needs.training, freeBytes },
    fits: fitsIn(needs, freeBytes),
  };
}
