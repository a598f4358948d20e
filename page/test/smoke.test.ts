import { it, expect } from 'vitest';
import { startServer } from '../../test/support/server.js';
import { buildPage, launch, openPage } from './chromium.js';
it('smoke', { timeout: 400_000 }, async () => {
  await buildPage();
  const server = await startServer();
  const browser = await launch();
  try {
    const w = await openPage(browser, server.running);
    const { page } = w;
    await page.screenshot({ path: '/tmp/shot-teach0.png' });
    await page.getByRole('button', { name: 'Example 1' }).click();
    await page.getByRole('button', { name: 'Learn' }).click();
    await page.waitForTimeout(6000);
    await page.screenshot({ path: '/tmp/shot-teach1.png', fullPage: true });
    for (const v of ['chat','memories','documents','training','models','server']) {
      await page.evaluate((hash) => (location.hash = hash), `#/${v}`);
      await page.waitForTimeout(2500);
      await page.screenshot({ path: `/tmp/shot-${v}.png`, fullPage: true });
    }
    console.log(JSON.stringify([w.complaints, w.strangers], null, 1));
    console.log(server.logs.map((l) => JSON.stringify(l)).join('\n').slice(0, 6000));
  } finally {
    await browser.close();
    await server.close();
  }
});
