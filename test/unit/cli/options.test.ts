// Global options out of flags and the environment.
import { describe, expect, it } from 'vitest';
import { attributeOf, GLOBAL, readSettings, variableOf } from '../../../src/cli/options.js';

describe('readSettings', () => {
  it('takes a flag before the environment and the environment before the default', () => {
    const env = { ENGRAM_BRAIN: 'work', ENGRAM_MODEL: 'other', ENGRAM_THREADS: '3', ENGRAM_OFFLINE: 'yes' };
    const settings = readSettings({ brain: 'mine', context: '512' }, env);
    expect(settings).toMatchObject({ brain: 'mine', model: 'other', threads: 3, offline: true, contextSize: 512 });
    expect(settings).toMatchObject({ embedder: 'all-minilm-l6-v2', gpu: 'auto', json: false, quiet: false });
  });

  it('treats an empty variable as not set', () => {
    expect(readSettings({}, { ENGRAM_BRAIN: '' }).brain).toBe('default');
  });

  it('names the place a wrong value came from', () => {
    expect(() => readSettings({}, { ENGRAM_THREADS: 'many' })).toThrow('for ENGRAM_THREADS but received "many"');
    expect(() => readSettings({ threads: '0' }, {})).toThrow('for --threads but received "0"');
  });

  it('reads gpu as auto or off, and who computes as auto or llama', () => {
    expect(readSettings({ gpu: 'off' }, {}).gpu).toBe(false);
    expect(readSettings({}, { ENGRAM_GPU: 'AUTO' }).gpu).toBe('auto');
    expect(() => readSettings({ gpu: 'cuda9' }, {})).toThrow('auto or off');
    expect(readSettings({}, { ENGRAM_COMPUTE: 'llama' }).compute).toBe('llama');
    expect(() => readSettings({ compute: 'mine' }, {})).toThrow('auto or llama');
  });
});

it('gives every global option its own flag and variable', () => {
  const all = Object.values(GLOBAL);
  expect(new Set(all.map(variableOf)).size).toBe(all.length);
  expect(variableOf(GLOBAL.contextSize)).toBe('ENGRAM_CONTEXT');
  expect(attributeOf('--idle-unload')).toBe('idleUnload');
});
