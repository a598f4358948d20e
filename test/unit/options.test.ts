// The tables of options: what they check, and that nothing of them is said a second time.
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../src/errors.js';
import {
  GROUNDING,
  read,
  SAMPLING,
  SETTINGS,
  settle,
  TRAINING,
  type Option,
  type Table,
} from '../../src/options/index.js';

describe('settle', () => {
  it('fills in the defaults', () => {
    expect(settle({ brain: 'mine', threads: undefined })).toMatchObject({
      ...{ brain: 'mine', model: 'smollm2-135m-instruct', embedder: 'all-minilm-l6-v2', gpu: 'auto', compute: 'auto' },
      ...{ offline: false, verbose: false },
    });
    expect(settle().threads).toBeUndefined();
  });

  it.each([0, -1, 1.5, NaN, '4', {}, null])('refuses %j threads, and says which option it is', (threads) => {
    expect(() => settle({ threads: threads as number })).toThrow(
      expect.objectContaining({
        code: 'usage',
        option: 'threads',
        message: expect.stringContaining('1 to 1024') as string,
      }),
    );
  });

  it('makes the home absolute and expands ~', () => {
    expect(settle({ home: 'x' }).home).toBe(resolve('x'));
    expect(settle({ home: '~/x' }).home).toBe(resolve(homedir(), 'x'));
    expect(() => settle({ home: ' ' })).toThrow('a folder');
    expect(() => settle({ home: 'a\0b' })).toThrow('a folder');
  });

  it('takes names in one form of Unicode, and refuses what is none', () => {
    expect(settle({ brain: 'U\u0308bung' }).brain).toBe('Übung');
    expect(() => settle({ brain: '../x' })).toThrow(expect.objectContaining({ option: 'brain' }));
  });

  it('guesses what a misspelt option meant', () => {
    expect(() => settle({ thread: 2 } as object)).toThrow(
      expect.objectContaining({ code: 'usage', option: 'thread', hint: 'Did you mean "threads"?' }),
    );
  });
});

describe('a text that stands for a value', () => {
  it.each([
    [TRAINING.memory, '1.5 GB', 1.5e9],
    [TRAINING.memory, '2GiB', 2 ** 31],
    [TRAINING.layers, '-8:-1', [-8, -1]],
    [TRAINING.rankPattern, 'v=16, 0-3.*=0', { v: 16, '0-3.*': 0 }],
    [TRAINING.validation, '0.1', 0.1],
    [TRAINING.validation, 'held.jsonl', 'held.jsonl'],
    [TRAINING.targets, 'q, v', ['q', 'v']],
    [SETTINGS.gpu, 'OFF', false],
    [SETTINGS.offline, 'yes', true],
    [SAMPLING.topK, ' 7 ', 7],
  ])('%# is read', (option, text, value) => {
    expect(read('it', option as Option, text, 'it')).toEqual(value);
  });

  it.each([
    [TRAINING.memory, '0GB'],
    [TRAINING.memory, '2'],
    [TRAINING.layers, '8'],
    [TRAINING.rankPattern, 'v'],
    [TRAINING.rankPattern, 'v=1=2'],
    [TRAINING.rankPattern, 'v=2000'],
    [TRAINING.validation, '1.5'],
    [TRAINING.validation, ' '],
    [TRAINING.targets, 'q,x'],
    [TRAINING.targets, ''],
    [TRAINING.dropout, '1'],
    [TRAINING.learningRate, '0'],
    [SETTINGS.gpu, 'cuda9'],
    [SETTINGS.offline, 'perhaps'],
    [SAMPLING.topK, '1.5'],
    [SAMPLING.topK, ''],
    [SAMPLING.topP, '7'],
    [GROUNDING.unknown, 'lie'],
  ])('%# is refused with what was typed', (option, text) => {
    const refused = (): unknown => read('it', option as Option, text, '--it');
    expect(refused).toThrow(EngramError);
    expect(refused).toThrow(`for --it but received "${text}".`);
  });
});

describe('an option', () => {
  const root = resolve(import.meta.dirname, '../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('options'))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
  const tables: [string, Table][] = [
    ['sampling', SAMPLING],
    ['training', TRAINING],
    ['grounding', GROUNDING],
  ];
  /** Words that other things have too: a run's file of tests, a brain's memory, a reader's format. */
  const COMMON = new Set([
    ...['memory', 'test', 'validation', 'format', 'prompt', 'length', 'kind', 'seed', 'rank', 'layers', 'passages'],
  ]);
  /** Where the same name is another thing: what a conversation memory keeps, what a training of that size takes, what a step took,
   * what a server allows, what is sent to it. */
  const OTHERS: Readonly<Record<string, string[]>> = {
    maxTokens: ['conversation/memories/buffer.ts', 'client/index.ts', 'server/context.ts'],
    unknown: ['client/index.ts'],
    batchTokens: ['models/fit.ts'],
    learningRate: ['training/metrics.ts', 'training/trainer.ts', 'training/types.ts'],
  };
  const names = tables.flatMap(([, table]) => Object.keys(table)).filter((name) => !COMMON.has(name));

  it.each(names)('%s has its type and its default in the table alone', (name) => {
    const typed = new RegExp(`^\\s+(?:readonly )?${name}\\?: (?:number|string|boolean|'|readonly )`, 'm');
    const defaulted = new RegExp(`[{,(]\\s*${name} = (?:[\\d.'"-]|true|false)`);
    const found = files.filter(({ text }) => typed.test(text) || defaulted.test(text)).map(({ file }) => file);
    expect(found.filter((file) => OTHERS[name]?.includes(file) !== true)).toEqual([]);
  });

  it.each(tables.flatMap(([, table]) => Object.values(table).map(({ flag }) => flag)))(
    'has %s written once',
    (flag) => {
      const row = new RegExp(`\\[\\s*'${flag}(?: <[^']*)?',`);
      const twice = files.filter(({ text }) => row.test(text)).map(({ file }) => file);
      // These mean something else by it: most ranks of what is merged, tags of what is exported, what a server allows.
      const others: Partial<Record<string, string[]>> = {
        '--max-tokens': ['cli/commands/serve.ts'],
        '--rank': ['cli/commands/combine.ts'],
        '--format': ['cli/commands/adapters.ts'],
        '--kind': ['cli/commands/embed.ts'],
        '--passages': ['cli/commands/sleep.ts'],
      };
      expect(twice).toEqual(others[flag] ?? []);
    },
  );

  it('has a flag of its own in its table', () => {
    for (const [, table] of [...tables, ['settings', SETTINGS] as const]) {
      const flags = Object.values(table).map(({ flag }) => flag);
      expect(new Set(flags).size).toBe(flags.length);
    }
  });
});
