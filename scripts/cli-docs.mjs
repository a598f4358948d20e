// Writes docs/cli.md out of the help of the commands. Needs a build.
import { writeFileSync } from 'node:fs';
import { reference } from '../dist/cli/reference.js';

writeFileSync(new URL('../docs/cli.md', import.meta.url), reference());
