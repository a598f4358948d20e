// What an Engram is opened with. The command line has these for every command, and reads them from the environment too. Not here:
// options of one job (sampling.ts, training.ts).
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { defaultHome, isName, NAME_HINT } from '../config.js';
import { choice, text, whole, yes } from './kinds.js';
import { readAddress } from '../store/index.js';
import { checkAll, table, type Given, type Kind } from './option.js';

const folder = {
  type: z
    .string()
    .refine((path) => path.trim() !== '' && !path.includes('\0'))
    // A shell expands ~ only at the start of a word, so `--home=~/x` and variables from files arrive as they are.
    .transform((path) => resolve(/^~(?=$|[\\/])/.test(path) ? homedir() + path.slice(1) : path)),
  expects: 'a folder',
  value: '<folder>',
  fromText: (given: string) => given,
} satisfies Kind;

const name = {
  type: z
    .string()
    .transform((given) => given.normalize('NFC'))
    .refine(isName),
  expects: 'a name',
  value: '<name>',
  hint: NAME_HINT,
  fromText: (given: string) => given,
} satisfies Kind;

const gpu = {
  type: z.union([z.literal('auto'), z.literal(false)]),
  expects: 'auto or off',
  value: '<auto|off>',
  fromText: (given: string) => {
    const word = given.trim().toLowerCase();
    if (word === 'auto') return 'auto';
    return ['off', 'false', '0', 'no'].includes(word) ? false : undefined;
  },
} satisfies Kind;

const store = {
  type: z.string().refine(isStore),
  expects: 'the address of a store, such as postgres://user@host:5432/database',
  value: '<address>',
  hint: 'Letters like @ : / # in a password are written as %40 %3A %2F %23.',
  isSecret: true,
  fromText: (given: string) => given,
} satisfies Kind;

const address = {
  type: z.string().refine((given) => /^https?:$/.test(URL.canParse(given) ? new URL(given).protocol : '')),
  expects: 'an address such as http://localhost:8000/v1',
  value: '<address>',
  fromText: (given: string) => given,
} satisfies Kind;

function isStore(given: string): boolean {
  try {
    readAddress(given);
    return true;
  } catch {
    return false;
  }
}

export const SETTINGS = table({
  home: { ...folder, about: 'folder that holds models and brains', fallbackText: "the platform's data folder" },
  model: {
    ...text('a model name or a path', '<name|path|auto>'),
    about:
      'base model: a name from the catalog, a path to a GGUF file, or auto: the largest installed one that can memorize here',
    fallback: 'smollm2-135m-instruct',
  },
  chatTemplate: {
    ...text('a name or a file of a chat template', '<name|file>'),
    about: 'how a conversation is written: a name (chatml, gemma, llama3, plain …) or a file with a Jinja template',
    fallbackText: "the model's own",
  },
  embedder: {
    ...text('a model name or a path', '<name|path>'),
    about: 'embedding model that finds the memories a question touches',
    fallback: 'all-minilm-l6-v2',
  },
  brain: { ...name, about: 'brain to use: a named set of memories', fallback: 'default' },
  store: {
    ...store,
    about: 'PostgreSQL database that holds the brains, shared by several machines: postgres://user@host/database',
    fallbackText: 'none: they are in --home',
  },
  server: {
    ...address,
    about: 'answer by a model on a server that speaks the OpenAI API (vLLM, llama-server): http://host:port/v1',
    fallbackText: 'none: the model here answers',
  },
  serverModel: {
    ...text('the name of a model on the server', '<name>'),
    about: 'the model of the server',
    fallbackText: 'the first that it lists',
  },
  serverKey: {
    ...text('a key', '<key>'),
    about: 'the key of the server; a command line can be seen by others, so rather the variable',
    fallbackText: 'none',
    isSecret: true,
  },
  threads: { ...whole(1, 1024), about: 'threads to compute with', fallbackText: 'what the machine gives' },
  /** Tokens that prompt and answer share. */
  contextSize: {
    ...whole(128, 16_777_216, '<tokens>'),
    about: 'tokens of context, which prompt and answer share',
    fallbackText: "the model's own, at most 4096",
    flag: '--context',
  },
  gpu: { ...gpu, about: 'GPU for generation: auto or off (training always runs on the CPU)', fallback: 'auto' },
  gpuLayers: {
    ...whole(0, 1_000_000),
    about: 'layers of the model to keep on the GPU, where there is one',
    fallbackText: 'all',
  },
  parallel: {
    ...whole(1, 64),
    about: 'answers computed at the same time, each with a context of its own',
    fallbackText: '1',
  },
  compute: {
    ...choice(['auto', 'llama']),
    about: 'who computes: auto (our own kernels, for small models on the CPU) or llama (llama.cpp)',
    fallback: 'auto',
  },
  /** Seconds. */
  idleUnload: {
    ...whole(1, 1_000_000, '<seconds>'),
    about: 'free the model after so long without work; the next question loads it again',
    fallbackText: 'never',
  },
  offline: { ...yes(), about: 'never touch the network', fallback: false },
  verbose: { ...yes(), about: 'tell more: logs of the engines, and the stack of an error', fallback: false },
});

export type SettingName = keyof typeof SETTINGS;

export type GivenSettings = Given<typeof SETTINGS>;

/** Those that have a default are always there. */
export type Settings = Omit<GivenSettings, Standing> & { [K in Standing]: NonNullable<GivenSettings[K]> };
type Standing = 'home' | 'model' | 'embedder' | 'brain' | 'gpu' | 'compute' | 'offline' | 'verbose';

/** What was given, checked, and the defaults. Throws `usage`. */
export function settle(given: GivenSettings = {}): Settings {
  const standing = Object.entries(SETTINGS).flatMap(([key, { fallback }]) =>
    fallback === undefined ? [] : [[key, fallback] as const],
  );
  return { home: defaultHome(), ...Object.fromEntries(standing), ...checkAll(SETTINGS, given) } as Settings;
}
