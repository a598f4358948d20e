import { describe, expect, it } from 'vitest';
import { catalog, defaultEntry, findEntry, nearestNames, totalBytes } from '../../../src/models/catalog.js';

describe('models/catalog.json', () => {
  const entries = catalog();

  it('has unique names and aliases in lower case', () => {
    const names = entries.flatMap((entry) => [entry.name, ...entry.aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
    // A name becomes a folder.
    for (const { name } of entries) expect(name).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
  });

  it.each(entries.map((entry) => [entry.name, entry] as const))('describes %s soundly', (_, entry) => {
    expect(entry.files.length).toBeGreaterThan(0);
    for (const file of entry.files) {
      expect(file.path).not.toMatch(/\.\.|^\/|\\/);
      expect(file.bytes).toBeGreaterThan(0);
      if (file.sha256 !== undefined) expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(file.sources.length).toBeGreaterThan(0);
      for (const source of file.sources) {
        if (source.kind === 'npm') expect(source.sha256).toMatch(/^[0-9a-f]{64}$/);
      }
    }
    for (const size of Object.values(entry.shape)) expect(size).toBeGreaterThan(0);
    expect(entry.licence).not.toBe('');
    // Between one bit and 32 bits for each weight.
    expect(totalBytes(entry)).toBeGreaterThan(entry.parameters / 8);
    expect(totalBytes(entry)).toBeLessThan(entry.parameters * 4.2);
  });

  it('has the sizes add up to the parameters', () => {
    for (const { name, architecture, shape, parameters } of entries.filter((entry) => entry.role === 'chat')) {
      const attention = 2 * shape.hiddenSize * shape.headSize * (shape.heads + shape.keyValueHeads);
      const feedForward = 3 * shape.hiddenSize * shape.feedForwardSize;
      const total = shape.layers * (attention + feedForward) + shape.vocabularySize * shape.hiddenSize;
      expect(Math.abs(total / parameters - 1), `${name} (${architecture})`).toBeLessThan(0.001);
    }
  });

  it('has exactly one default for each role, which can be had from a package registry too', () => {
    for (const role of ['chat', 'embedding'] as const) {
      expect(entries.filter((entry) => entry.role === role && entry.default === true)).toHaveLength(1);
      for (const file of defaultEntry(role).files) {
        expect(file.sources.map((source) => source.kind)).toContain(role === 'chat' ? 'pypi' : 'npm');
        expect(file.sha256).toBeDefined();
      }
    }
  });
});

describe('findEntry', () => {
  it('finds by name and alias in any case', () => {
    expect(findEntry('SmolLM2-135M-Instruct')?.name).toBe('smollm2-135m-instruct');
    expect(findEntry('smollm2')?.name).toBe('smollm2-135m-instruct');
    expect(findEntry('onnx-community/all-MiniLM-L6-v2-ONNX')?.role).toBe('embedding');
    expect(findEntry('gpt-5')).toBeUndefined();
  });
});

describe('nearestNames', () => {
  it('guesses what was meant, and nothing for what is far away', () => {
    expect(nearestNames('smolm2')[0]).toBe('smollm2-135m-instruct');
    expect(nearestNames('qwen3-0.6')[0]).toBe('qwen3-0.6b');
    expect(nearestNames('xyzzyxyzzyxyzzyxyzzy')).toEqual([]);
  });
});
