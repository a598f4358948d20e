// `engram embed`: which texts are asked for, and how their vectors are printed.
import { describe, expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

describe('embed', () => {
  it('prints the vector of a text', async () => {
    const api = new FakeApi();
    const { stdout, code } = await runCli(['embed', 'A', 'text', '--dtype', 'q8', '--embedder', 'e'], { api });
    expect(code).toBe(0);
    expect(api.opened[0]).toMatchObject({ embedder: 'e', dtype: 'q8' });
    expect(stdout.trim().split(' ').map(Number)).toHaveLength(4);
  });

  it('takes each line as a text where asked to', async () => {
    const { stdout } = await runCli(['embed', '--lines'], { stdin: 'one\r\n\n two\n' });
    expect(stdout.trim().split('\n')).toHaveLength(2);
    const { json } = await runCli(['embed', '--lines', '--kind', 'query', '--json'], { stdin: 'one\r\n\n two\n' });
    expect(json()).toMatchObject({
      ...{ embedder: 'fake', dimensions: 4, kind: 'query' },
      vectors: [{ text: 'one' }, { text: ' two' }],
    });
  });

  it('refuses a kind that there is not', async () => {
    const { code, stderr } = await runCli(['embed', 'text', '--kind', 'document']);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected query or passage for --kind but received "document".');
  });
});
