// `npm run build:page`: the page alone, into dist/page.
import { buildPage } from './set-up/page.mjs';

await buildPage();
