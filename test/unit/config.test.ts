import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkKeys, checkName, defaultHome, OPTIONS, readSettings, suggest } from '../../src/config.js';

describe('readSettings', () => {
  it('takes what was given before the environment and the environment before the default', () => {
    const env = { ENGRAM_BRAIN: 'work', ENGRAM_MODEL: 'other', ENGRAM_THREADS: '3', ENGRAM_OFFLINE: 'yes' };
    const settings = readSettings({ brain: 'mine' }, env);
    expect(settings).toMatchObject({ brain: 'mine', model: 'other', threads: 3, offline: true });
    expect(settings).toMatchObject({ embedder: 'all-minilm-l6-v2', gpu: 'auto', json: false, context: undefined });
  });

  it('treats an empty variable as not set', () => {
    expect(readSettings({}, { ENGRAM_BRAIN: '' }).brain).toBe('default');
  });

  it('names the place a wrong value came from', () => {
    expect(() => readSettings({}, { ENGRAM_THREADS: 'many' })).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('ENGRAM_THREADS') as string }),
    );
    for (const threads of [0, -1, 1.5, NaN, '0', '', 'x', {}]) {
      expect(() => readSettings({ threads }, {})).toThrow(expect.objectContaining({ code: 'usage' }));
    }
  });

  it('reads gpu as auto or off', () => {
    expect(readSettings({ gpu: 'off' }, {}).gpu).toBe(false);
    expect(readSettings({ gpu: false }, {}).gpu).toBe(false);
    expect(readSettings({}, { ENGRAM_GPU: 'AUTO' }).gpu).toBe('auto');
    expect(() => readSettings({ gpu: 'cuda9' }, {})).toThrow('auto or off');
  });

  it('reads who computes as auto or llama', () => {
    expect(readSettings({}, {}).compute).toBe('auto');
    expect(readSettings({}, { ENGRAM_COMPUTE: 'llama' }).compute).toBe('llama');
    expect(() => readSettings({ compute: 'mine' }, {})).toThrow('auto or llama');
  });

  it('makes the home absolute and expands ~', () => {
    expect(readSettings({ home: 'x' }, {}).home).toBe(resolve('x'));
    expect(readSettings({ home: '~/x' }, {}).home).toBe(resolve(homedir(), 'x'));
    expect(() => readSettings({ home: ' ' }, {})).toThrow('a folder');
  });

  it('guesses what a misspelt option meant', () => {
    expect(() => readSettings({ thread: 2 } as object, {})).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'Did you mean "threads"?' }),
    );
    expect(() => {
      checkKeys({ zzzz: 1 }, ['home', 'model']);
    }).toThrow(expect.objectContaining({ hint: 'Options: home, model.' }));
  });
});

describe('checkName', () => {
  it.each(['default', 'work-2', 'a.b_c', '記憶', 'Übung'])('takes %s', (name) => {
    expect(checkName(name, 'brain')).toBe(name);
  });

  it.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '.hidden',
    '-x',
    'a b',
    'nul',
    'COM1.txt',
    'x.',
    'a\0',
    'x'.repeat(49),
  ])('refuses %j', (name) => {
    expect(() => checkName(name, 'brain')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('defaultHome', () => {
  it('is the data folder of each platform', () => {
    expect(defaultHome({}, 'linux', '/u')).toBe('/u/.local/share/engram');
    expect(defaultHome({ XDG_DATA_HOME: '/d' }, 'linux', '/u')).toBe('/d/engram');
    expect(defaultHome({ XDG_DATA_HOME: 'relative' }, 'linux', '/u')).toBe('/u/.local/share/engram');
    expect(defaultHome({}, 'darwin', '/u')).toBe('/u/Library/Application Support/engram');
    expect(defaultHome({ LOCALAPPDATA: 'C:\\L' }, 'win32', 'C:\\u')).toBe('C:\\L\\engram');
    expect(defaultHome({}, 'win32', 'C:\\u')).toBe('C:\\u\\AppData\\Local\\engram');
  });
});

describe('the table', () => {
  it('gives every option its own flag and variable', () => {
    const all = Object.entries(OPTIONS);
    expect(new Set(all.map(([, option]) => option.variable)).size).toBe(all.length);
    for (const [name, option] of all) {
      const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(option.flag.startsWith(`--${words}`)).toBe(true);
      expect(option.variable).toBe(`ENGRAM_${words.replace('-', '_').toUpperCase()}`);
    }
  });
});

describe('suggest', () => {
  it('finds a near word and nothing for a far one', () => {
    const words = ['memorize', 'memories', 'forget', 'ask'];
    expect(suggest('memorise', words)).toBe('memorize');
    expect(suggest('froget', words)).toBe('forget');
    expect(suggest('aks', words)).toBe('ask');
    expect(suggest('translate', words)).toBeUndefined();
  });
});
