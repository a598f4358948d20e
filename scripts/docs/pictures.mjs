// `node scripts/docs/pictures.mjs`: draws all pictures of the documents again, from the tables there and from terminal.cast.
// A test holds the files to it. Not here: recording a terminal (record.mjs).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flow } from './flow.mjs';
import { plots } from './plots.mjs';
import { terminal } from './terminal.mjs';

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'pictures');

/** Each picture by its file name in docs/pictures. */
export function pictures() {
  return new Map([['terminal.svg', terminal(join(FOLDER, 'terminal.cast'))], ['flow.svg', flow()], ...plots()]);
}

if (process.argv[1] === import.meta.filename) {
  for (const [name, svg] of pictures()) writeFileSync(join(FOLDER, name), svg);
}
