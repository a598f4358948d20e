import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyStore } from '../../../src/server/index.js';
import { runCli } from './run-cli.js';

describe('keys', () => {
  it('are made, listed without what they are, and revoked', async () => {
    const home = mkdtempSync(join(tmpdir(), 'engram-keys-'));
    const made = await runCli(['keys', 'create', 'phone', '--scope', 'remember', '--json'], { home });
    const { id, key } = made.json() as { id: string; key: string };
    expect(await new KeyStore(home).whose(key)).toEqual({ id, name: 'phone', scope: 'remember' });
    const listed = await runCli(['keys'], { home });
    expect(listed.stdout).toMatch(new RegExp(`^${id}  remember  \\d{4}-\\d\\d-\\d\\d  phone\n$`));
    expect(listed.stdout).not.toContain(key);
    expect((await runCli(['keys', 'create', 'phone'], { home })).code).toBe(1);
    expect((await runCli(['keys', 'revoke', 'phone'], { home })).code).toBe(0);
    expect((await runCli(['keys', 'revoke', 'phone'], { home })).stderr).toContain('There is no key "phone"');
    expect((await runCli(['keys', 'create', 'x', '--scope', 'root'], { home })).code).toBe(2);
    expect((await runCli(['keys', 'create', '../x'], { home })).code).toBe(2);
  });
});

describe('serve', () => {
  it.each([
    [['--port', '99999'], 'port from 0 to 65535'],
    [['--port', 'x'], '--port'],
    [['--alias', 'gpt'], 'name=model'],
    [['--keep-alive', '-1'], '--keep-alive'],
    [['--no-auth', '--host', '0.0.0.0'], 'this machine only'],
    [['--host', 'example.com'], 'Expected an address'],
    [['--allow-origin', 'null'], 'Expected an origin'],
  ])('refuses %j', async (flags, message) => {
    const { code, stderr } = await runCli(['serve', ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('serves until it is told to end', async () => {
    const { code, stdout, stderr } = await runCli(['serve', '--port', '0'], {
      onStart: (interrupt) => setTimeout(interrupt, 4000),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^engram serves at http:\/\/127\.0\.0\.1:\d+\n$/);
    expect(stderr).toContain('There is no key yet');
  });
});
