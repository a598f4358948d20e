// `npm run build`: what the package holds in dist. Not here: the native core (npm run build:native).
import { buildPage } from './set-up/page.mjs';
import { buildTypeScript } from './set-up/typescript.mjs';

await buildTypeScript();
await buildPage();
