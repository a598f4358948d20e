// A real browser over the real server with a fake engine. Not here: what is looked at.
import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

/** Debian's, or the one that is named; undefined where there is none. */
export const CHROMIUM = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

/** As root Chromium has no sandbox. */
export function launch(): Promise<Browser> {
  const args = ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return chromium.launch({ executablePath: CHROMIUM!, args, timeout: 120_000 });
}

export interface Watched {
  page: Page;
  context: BrowserContext;
  /** What the browser complained of: scripts that failed, rules that were broken. */
  complaints: string[];
  /** Requests to anybody but the server. */
  strangers: string[];
}

/** Opens the page with a key, and notes what it does that it should not. */
export async function openPage(
  browser: Browser,
  { url, key }: { url: string; key: string },
  options: { width?: number; height?: number; dark?: boolean; language?: string; path?: string } = {},
): Promise<Watched> {
  const { width = 1280, height = 900, dark = false, language = 'en-GB', path = '' } = options;
  const context = await browser.newContext({
    ...{ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale: language, reducedMotion: 'reduce' },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  const strangers: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    const at = request.url();
    if (!at.startsWith(url) && !/^(data|blob|about):/.test(at)) strangers.push(at);
  });
  await page.goto(`${url}/#key=${key}`);
  await page.waitForSelector('main');
  if (path !== '') await page.evaluate(`location.hash = ${JSON.stringify(path)}`);
  return { page, context, complaints, strangers };
}
