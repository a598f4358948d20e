// The way of a question: candidates, judge, then an adapter or the base model. Not here: words about it (docs/memory.md).
import { COLOURS, INK, page, text } from './svg.mjs';

const WIDTH = 760;
const HEIGHT = 250;
const [BLUE, ORANGE, GREEN] = COLOURS;

export function flow() {
  return page({ width: WIDTH, height: HEIGHT, title: TITLE }, [
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${INK}"/></marker></defs>`,
    ...box(10, 95, 140, 60, INK, 'your question', '“Who runs the kiln?”'),
    ...box(205, 95, 150, 60, ORANGE, 'candidates', '8 of all memories'),
    ...box(410, 95, 140, 60, BLUE, 'the judge', 'reads each of them'),
    ...box(605, 15, 145, 60, GREEN, 'its adapter', 'tells it word for word'),
    ...box(605, 95, 145, 60, GREEN, 'passages', 'go into the prompt'),
    ...box(605, 175, 145, 60, INK, 'the base model', 'bit for bit, as ever'),
    arrow('M150 125H203'),
    arrow('M355 125H408'),
    arrow('M550 115C580 110 570 45 603 45'),
    arrow('M550 125H603'),
    arrow('M550 135C580 140 570 205 603 205'),
    text(280, 178, 'by meaning and by words', { anchor: 'middle', more: 'font-size="12"' }),
    text(480, 178, 'the same model with', { anchor: 'middle', more: 'font-size="12"' }),
    text(480, 194, 'a small adapter', { anchor: 'middle', more: 'font-size="12"' }),
    text(540, 62, 'a memory answers', { anchor: 'end', more: 'font-size="12"' }),
    text(540, 220, 'nothing answers', { anchor: 'end', more: 'font-size="12"' }),
  ]);
}

const TITLE =
  'A question goes to the eight nearest memories, by meaning and by words. The judge, the same model with a small adapter, ' +
  'reads each of them. If one answers, its adapter tells it word for word; if documents are about it, passages go into the ' +
  'prompt; else the base model answers, bit for bit as ever.';

function box(x, y, width, height, colour, head, below) {
  const middle = x + width / 2;
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${colour}" fill-opacity="0.12" stroke="${colour}" stroke-width="1.5"/>`,
    text(middle, y + 26, head, { anchor: 'middle', more: 'font-size="14" font-weight="600"' }),
    text(middle, y + 45, below, { anchor: 'middle', more: 'font-size="12"' }),
  ];
}

const arrow = (path) => `<path d="${path}" fill="none" stroke="${INK}" stroke-width="1.5" marker-end="url(#tip)"/>`;
