import { describe, expect, it } from 'vitest';
import { checkKeys, checkName, defaultHome, suggest } from '../../src/config.js';

describe('checkKeys', () => {
  it('lists the options where none is near', () => {
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

describe('suggest', () => {
  it('finds a near word and nothing for a far one', () => {
    const words = ['memorize', 'memories', 'forget', 'ask'];
    expect(suggest('memorise', words)).toBe('memorize');
    expect(suggest('froget', words)).toBe('forget');
    expect(suggest('aks', words)).toBe('ask');
    expect(suggest('translate', words)).toBeUndefined();
  });
});
