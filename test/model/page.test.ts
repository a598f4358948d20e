// The page over the real model, as a person uses it in a browser: teach, ask, see why, forget, undo; a document cited. Skipped where
// there is no Chromium. Not here: every view and state (page/test).
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../page/test/built.js';
import { CHROMIUM, launch, openPage } from '../../page/test/chromium.js';
import * as engram from '../../src/index.js';
import type { EngineApi } from '../../src/server/index.js';
import { testHome, type TestHome } from '../support/home.js';
import { startServerOver, type TestServer } from '../support/server.js';

const MODEL = 'smollm2-135m-instruct';
const EMBEDDER = 'all-minilm-l6-v2';
const ANSWER_MS = 300_000;

describe.skipIf(CHROMIUM === undefined)('the page over the real model', () => {
  let home: TestHome;
  let server: TestServer<EngineApi>;
  let browser: Browser;

  beforeAll(async () => {
    await buildPage();
    home = await testHome(MODEL, EMBEDDER);
    const settings = { home: home.path, model: MODEL, embedder: EMBEDDER, offline: true };
    server = await startServerOver<EngineApi>(engram, {}, settings);
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await server.close();
    home.remove();
  });

  it('learns before the reader’s eyes, answers from it, says why, forgets and has it back', async () => {
    const { page, complaints, strangers } = await openPage(browser, server.running);
    page.setDefaultTimeout(ANSWER_MS);
    await page.getByRole('button', { name: 'Example 1' }).click();
    await page.getByRole('button', { name: 'Learn' }).click();
    await page.getByText('Remembered as').waitFor();
    const proof = page.getByRole('region', { name: 'Proof' });
    await proof.getByRole('button', { name: 'Memory', exact: true }).waitFor();
    expect(await proof.getByRole('article').first().innerText()).not.toContain('Cowboys');
    expect(await proof.getByRole('article').last().innerText()).toContain('The Dallas Cowboys!');
    const figures = await proof.innerText();
    expect(figures).toMatch(/Loss: \d\.\d+ → 0\.\d+ in \d+ steps\./);
    expect(figures).toMatch(/Unrelated answers unchanged\s+\d+ of \d+/);
    if (process.env['SCREENSHOTS'] !== undefined) {
      await page.screenshot({ path: `${process.env['SCREENSHOTS']}/real-teach.png`, fullPage: true });
    }

    await page.evaluate("location.hash = '#/chat'");
    const message = page.getByRole('textbox', { name: 'Message' });
    await message.fill('Which team won the Super Bowl in 1994?');
    await message.press('Enter');
    await page.getByRole('button', { name: 'Memory', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Why?' }).click();
    await page
      .getByRole('dialog')
      .getByText(/likelier with it/)
      .waitFor();
    await page.keyboard.press('Escape');

    await page.evaluate("location.hash = '#/memories'");
    await page.getByRole('link', { name: /The Dallas Cowboys/ }).click();
    await page.getByRole('button', { name: 'Forget' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await page.getByText(/Asked \d+ times, told 0 times\./).waitFor();
    await page.getByRole('button', { name: 'Undo its last change' }).click();
    await page.getByText('Restored').waitFor();
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
  });
});
