// Every option of engram, once: name, type, default, unit, check, description, command-line flag, environment variable.
// The API's checks, the reading of the environment and the CLI's help derive from this table. Not here: options of one
// job (epochs, temperature), which live with that job.
import { homedir } from 'node:os';
import { posix, resolve, win32 } from 'node:path';
import { EngramError } from './errors.js';
import { readAddress } from './store/index.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface OptionSpec<T> {
  /** One line for the help. */
  readonly description: string;
  /** As the command line takes it, e.g. `--threads <number>`. */
  readonly flag: string;
  readonly variable: string;
  readonly unit?: string;
  /** The default as the help shows it, where the value itself would not say enough. */
  readonly defaultText?: string;
  readonly default: (env: Environment) => T;
  /** Makes a value, or the text of one, into T. `where` names the place it came from. Throws `usage`. */
  readonly read: (value: unknown, where: string) => T;
}

function wrong(where: string, expected: string, value: unknown, hint?: string): EngramError {
  return new EngramError('usage', `Expected ${expected} for ${where} but received ${show(value)}.`, { hint });
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : typeof value === 'number' ? String(value) : typeof value;
}

const text =
  (what: string) =>
  (value: unknown, where: string): string => {
    if (typeof value !== 'string' || value.trim() === '') throw wrong(where, what, value);
    return value;
  };

const folder = (value: unknown, where: string): string => {
  const path = text('a folder')(value, where);
  if (path.includes('\0')) throw wrong(where, 'a folder', value);
  // A shell expands ~ only at the start of a word, so `--home=~/x` and variables from files arrive as they are.
  return resolve(/^~(?=$|[\\/])/.test(path) ? homedir() + path.slice(1) : path);
};

const whole =
  (least: number, most: number) =>
  (value: unknown, where: string): number | undefined => {
    const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
      throw wrong(where, `a whole number from ${least} to ${most}`, value);
    }
    return number;
  };

const flag = (value: unknown, where: string): boolean => {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  if (word === '1' || word === 'true' || word === 'yes' || word === 'on') return true;
  if (word === '0' || word === 'false' || word === 'no' || word === 'off') return false;
  throw wrong(where, 'true or false', value);
};

const gpu = (value: unknown, where: string): 'auto' | false => {
  if (value === 'auto' || value === true) return 'auto';
  if (value === false) return false;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  if (word === 'auto') return 'auto';
  if (word === 'off' || word === 'false' || word === '0' || word === 'no') return false;
  throw wrong(where, 'auto or off', value);
};

const address = (value: unknown, where: string): string => {
  const given = text('an address')(value, where);
  const { protocol } = URL.canParse(given) ? new URL(given) : { protocol: '' };
  if (!/^https?:$/.test(protocol)) throw wrong(where, 'an address such as http://localhost:8000/v1', value);
  return given;
};

const compute = (value: unknown, where: string): 'auto' | 'llama' => {
  if (value === 'auto' || value === 'llama') return value;
  throw wrong(where, 'auto or llama', value);
};

/** Names that Windows keeps for devices, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Checks the name of a brain or an adapter, which becomes the name of a file: letters and digits of any language, `.`,
 * `_` and `-`, starting with a letter or digit, at most 48 characters. Throws `usage`. */
export function checkName(value: unknown, where: string): string {
  const name = typeof value === 'string' ? value.normalize('NFC') : '';
  const isSound = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,47}$/u.test(name) && !name.endsWith('.') && !DEVICE.test(name);
  if (!isSound) {
    throw wrong(
      where,
      'a name',
      value,
      'A name has up to 48 letters, digits, ".", "_" or "-" and starts with a letter or digit.',
    );
  }
  return name;
}

/** Where models and brains are kept unless told: the platform's folder for data of programs. */
export function defaultHome(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  userFolder: string = homedir(),
): string {
  if (platform === 'win32') {
    return win32.join(env['LOCALAPPDATA'] ?? win32.join(userFolder, 'AppData', 'Local'), 'engram');
  }
  if (platform === 'darwin') return posix.join(userFolder, 'Library', 'Application Support', 'engram');
  const data = env['XDG_DATA_HOME'];
  // The XDG specification says that a relative path here is to be ignored.
  const isUsable = data !== undefined && posix.isAbsolute(data);
  return posix.join(isUsable ? data : posix.join(userFolder, '.local', 'share'), 'engram');
}

const spec = <T>(option: OptionSpec<T>): OptionSpec<T> => option;

export const OPTIONS = {
  home: spec({
    description: 'folder that holds models and brains',
    flag: '--home <folder>',
    variable: 'ENGRAM_HOME',
    defaultText: "the platform's data folder",
    default: (env) => defaultHome(env),
    read: folder,
  }),
  model: spec({
    description:
      'base model: a name from the catalog, a path to a GGUF file, or auto: the largest installed one that can memorize here',
    flag: '--model <name|path|auto>',
    variable: 'ENGRAM_MODEL',
    default: () => 'smollm2-135m-instruct',
    read: text('a model name or a path'),
  }),
  chatTemplate: spec<string | undefined>({
    description:
      'how a conversation is written: a name (chatml, gemma, llama3, plain …) or a file with a Jinja template',
    flag: '--chat-template <name|file>',
    variable: 'ENGRAM_CHAT_TEMPLATE',
    defaultText: "the model's own",
    default: () => undefined,
    read: text('a name or a file of a chat template'),
  }),
  embedder: spec({
    description: 'embedding model that finds the memories a question touches',
    flag: '--embedder <name|path>',
    variable: 'ENGRAM_EMBEDDER',
    default: () => 'all-minilm-l6-v2',
    read: text('a model name or a path'),
  }),
  brain: spec({
    description: 'brain to use: a named set of memories',
    flag: '--brain <name>',
    variable: 'ENGRAM_BRAIN',
    default: () => 'default',
    read: checkName,
  }),
  store: spec<string | undefined>({
    description: 'PostgreSQL database that holds the brains, shared by several machines: postgres://user@host/database',
    flag: '--store <address>',
    variable: 'ENGRAM_STORE',
    defaultText: 'none: they are in --home',
    default: () => undefined,
    read: (value, where) => readAddress(text('the address of a store')(value, where)).address,
  }),
  server: spec<string | undefined>({
    description: 'answer by a model on a server that speaks the OpenAI API (vLLM, llama-server): http://host:port/v1',
    flag: '--server <address>',
    variable: 'ENGRAM_SERVER',
    defaultText: 'none: the model here answers',
    default: () => undefined,
    read: address,
  }),
  serverModel: spec<string | undefined>({
    description: 'the model of the server',
    flag: '--server-model <name>',
    variable: 'ENGRAM_SERVER_MODEL',
    defaultText: 'the first that it lists',
    default: () => undefined,
    read: text('the name of a model on the server'),
  }),
  serverKey: spec<string | undefined>({
    description: 'the key of the server; a command line can be seen by others, so rather the variable',
    flag: '--server-key <key>',
    variable: 'ENGRAM_SERVER_KEY',
    defaultText: 'none',
    default: () => undefined,
    read: text('a key'),
  }),
  threads: spec({
    description: 'threads to compute with',
    flag: '--threads <number>',
    variable: 'ENGRAM_THREADS',
    unit: 'threads',
    defaultText: 'what the machine gives',
    default: () => undefined,
    read: whole(1, 1024),
  }),
  context: spec({
    description: 'context that prompt and answer share',
    flag: '--context <tokens>',
    variable: 'ENGRAM_CONTEXT',
    unit: 'tokens',
    defaultText: "the model's own, at most 4096",
    default: () => undefined,
    read: whole(128, 16_777_216),
  }),
  gpu: spec<'auto' | false>({
    description: 'GPU for generation: auto or off (training always runs on the CPU)',
    flag: '--gpu <auto|off>',
    variable: 'ENGRAM_GPU',
    default: () => 'auto',
    read: gpu,
  }),
  gpuLayers: spec({
    description: 'layers of the model to keep on the GPU, where there is one',
    flag: '--gpu-layers <number>',
    variable: 'ENGRAM_GPU_LAYERS',
    unit: 'layers',
    defaultText: 'all',
    default: () => undefined,
    read: whole(0, 1_000_000),
  }),
  parallel: spec({
    description: 'answers computed at the same time, each with a context of its own',
    flag: '--parallel <number>',
    variable: 'ENGRAM_PARALLEL',
    unit: 'answers',
    defaultText: '1',
    default: () => undefined,
    read: whole(1, 64),
  }),
  compute: spec<'auto' | 'llama'>({
    description: 'who computes: auto (our own kernels, for small models on the CPU) or llama (llama.cpp)',
    flag: '--compute <auto|llama>',
    variable: 'ENGRAM_COMPUTE',
    default: () => 'auto',
    read: compute,
  }),
  idleUnload: spec({
    description: 'free the model after so long without work; the next question loads it again',
    flag: '--idle-unload <seconds>',
    variable: 'ENGRAM_IDLE_UNLOAD',
    unit: 'seconds',
    defaultText: 'never',
    default: () => undefined,
    read: whole(1, 1_000_000),
  }),
  offline: spec({
    description: 'never touch the network',
    flag: '--offline',
    variable: 'ENGRAM_OFFLINE',
    default: () => false,
    read: flag,
  }),
  json: spec({
    description: 'write one JSON value to stdout and nothing else',
    flag: '--json',
    variable: 'ENGRAM_JSON',
    default: () => false,
    read: flag,
  }),
  quiet: spec({
    description: 'no progress on stderr',
    flag: '--quiet',
    variable: 'ENGRAM_QUIET',
    default: () => false,
    read: flag,
  }),
  verbose: spec({
    description: 'tell more: logs of the engines, and the stack of an error',
    flag: '--verbose',
    variable: 'ENGRAM_VERBOSE',
    default: () => false,
    read: flag,
  }),
} as const;

export type OptionName = keyof typeof OPTIONS;

export type Settings = { -readonly [K in OptionName]: ReturnType<(typeof OPTIONS)[K]['read']> };

/** What can be given for each option: its value, or the text of one. */
export type GivenSettings = Partial<Record<OptionName, unknown>>;

/** Settings from what was given, else the environment, else the default. An undefined value or an empty variable counts as
 * not given. Throws `usage` for a value that cannot be and for a name that is no option. */
export function readSettings(given: GivenSettings = {}, env: Environment = process.env): Settings {
  checkKeys(given, Object.keys(OPTIONS));
  const read = ([name, option]: [string, OptionSpec<unknown>]): [string, unknown] => {
    const value = given[name as OptionName];
    if (value !== undefined) return [name, option.read(value, `the option ${name}`)];
    const variable = env[option.variable];
    if (variable !== undefined && variable !== '') return [name, option.read(variable, option.variable)];
    return [name, option.default(env)];
  };
  return Object.fromEntries(Object.entries(OPTIONS).map(read)) as Settings;
}

/** Throws `usage`, with a guess at what was meant, if `given` has a key that is not among `known`. */
export function checkKeys(given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const guess = suggest(key, known);
    throw new EngramError('usage', `There is no option "${key}".`, {
      hint: guess === undefined ? `Options: ${known.join(', ')}.` : `Did you mean "${guess}"?`,
    });
  }
}

/** The known word nearest to a misspelt one, if one is near: at most a third of its letters wrong. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const scored = known
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter((score) => score.distance <= Math.max(1, Math.floor(score.candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return scored[0]?.candidate;
}

/** Letters to insert, delete, replace or swap with a neighbour to turn one word into the other. */
export function distance(a: string, b: string): number {
  let previous: number[] = [];
  let current = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(current[j]! + 1, next[j - 1]! + 1, current[j - 1]! + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, previous[j - 2]! + 1);
      next.push(least);
    }
    previous = current;
    current = next;
  }
  return current[b.length]!;
}
