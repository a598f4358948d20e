// Corpora made on the spot, of the shapes that have taken a reader down: a log without a blank line, one large JSON value, a long
// table, many small files, a PDF of many pages. The same bytes each time. Not here: measuring.
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';

/** By name: what `size` counts, in the small form and the whole one, and what makes it in a folder. */
export const CORPORA = {
  log: { unit: 'lines', small: 10_000, full: 1_000_000, make: makeLog },
  json: { unit: 'MB', small: 1, full: 100, make: makeJson },
  csv: { unit: 'rows', small: 10_000, full: 1_000_000, make: makeCsv },
  files: { unit: 'files', small: 100, full: 5_000, make: makeFiles },
  pdf: { unit: 'pages', small: 20, full: 1_000, make: makePdf },
};

const WORDS = (
  'kiln glaze clay fire iron ash cone shelf wheel bowl plate heat wood gas smoke door brick flame cool slow fast thick thin ' +
  'water salt soda red blue green white black morning evening Monday Friday Bern Oslo Mara Anna Perry'
).split(' ');

/** Words that follow from a number (a linear congruential generator: Numerical Recipes). */
function wordsFrom(seed) {
  let state = seed >>> 0;
  return (count) => {
    const words = [];
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      words.push(WORDS[(state >>> 16) % WORDS.length]);
    }
    return words.join(' ');
  };
}

async function write(path, pieces) {
  const file = createWriteStream(path);
  for (const piece of pieces) if (!file.write(piece)) await once(file, 'drain');
  file.end();
  await once(file, 'finish');
}

function makeLog(folder, lines) {
  const words = wordsFrom(1);
  return write(join(folder, 'server.log'), generate());
  function* generate() {
    for (let i = 0; i < lines; i++) {
      yield `2026-11-30T${new Date(i * 1000).toISOString().slice(11, 19)} INFO worker-${i % 7} ${words(6)}\n`;
    }
  }
}

function makeJson(folder, megabytes) {
  const words = wordsFrom(2);
  return write(join(folder, 'export.json'), generate());
  function* generate() {
    yield '{"name": "export", "messages": [';
    for (let written = 0, i = 0; written < megabytes * 1e6; i++) {
      const piece = `${i === 0 ? '' : ','}\n${JSON.stringify({ id: i, from: words(1), text: words(20) })}`;
      written += piece.length;
      yield piece;
    }
    yield ']}';
  }
}

function makeCsv(folder, rows) {
  const words = wordsFrom(3);
  return write(join(folder, 'table.csv'), generate());
  function* generate() {
    yield 'id,name,city,note\n';
    for (let i = 0; i < rows; i++) yield `${i},${words(2)},${words(1)},"${words(8)}"\n`;
  }
}

async function makeFiles(folder, count) {
  const words = wordsFrom(4);
  for (let i = 0; i < count; i++) {
    const inside = join(folder, String(Math.floor(i / 100)));
    mkdirSync(inside, { recursive: true });
    await write(join(inside, `note-${i}.md`), [`# ${words(3)}\n\n${words(60)}.\n\n- ${words(8)}\n- ${words(8)}\n`]);
  }
}

async function makePdf(folder, pages) {
  const { default: PDFDocument } = await import('pdfkit');
  const words = wordsFrom(5);
  const document = new PDFDocument({ bufferPages: false });
  const file = createWriteStream(join(folder, 'book.pdf'));
  document.pipe(file);
  for (let i = 0; i < pages; i++) {
    if (i > 0) document.addPage();
    for (let paragraph = 0; paragraph < 5; paragraph++) document.text(`${words(60)}.`).moveDown();
  }
  document.end();
  await once(file, 'finish');
}
