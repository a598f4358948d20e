// A terminal's recording (asciicast 2, made by record.mjs) as an animated SVG: CSS alone, so that it moves where scripts do not
// run, in light and dark, and stands still, at its end, for who wants no motion. Pauses are shortened; what stands beside
// a command is what it took. Not a terminal: it knows lines, `\r`, erasing a line, and two colours.
import { readFileSync } from 'node:fs';
import { escaped, page, round } from './svg.mjs';

const CELL = { width: 7.83, height: 19 };
const LEFT = 18;
const TOP = 46;
/** Seconds. What follows quicker than the eye sees is not shown by itself. */
const SHORTEST_FRAME = 0.04;
/** To read what a command printed, and the whole at the end. */
const READING = 1.6;
const END = 6;
const STYLE = `text{white-space:pre;fill:#24292f}.dim{fill:#6e7781}.green{fill:#1a7f37}.red{fill:#cf222e}
.frame{fill:#f6f8fa;stroke:#d0d7de}.dot{fill:#d0d7de}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#8b949e}.green{fill:#3fb950}.red{fill:#ff7b72}.frame{fill:#0d1117;stroke:#30363d}.dot{fill:#30363d}}`;
const KINDS = { 2: 'dim', 31: 'red', 32: 'green' };

export function terminal(file) {
  const [head, ...events] = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
  const { shown, length } = play(events, head.width);
  const rows = Math.max(...shown.map(({ row }) => row)) + 1;
  const width = Math.ceil(LEFT * 2 + CELL.width * head.width);
  const height = TOP + rows * CELL.height + 8;
  const total = length + END;
  const share = (time) => `${round((1000 * time) / total) / 10}%`;
  const moves = new Map();
  /** The class of what is there from `from` until `to`. */
  const during = (from, to) => {
    const key = `${share(from)} ${to === undefined ? '' : share(to)}`;
    const known = moves.get(key);
    if (known !== undefined) return known.name;
    const name = `a${moves.size}`;
    const gone = to === undefined ? '' : `${share(to)},100%{visibility:hidden}`;
    const frames = `@keyframes ${name}{0%{visibility:hidden}${share(from)}{visibility:visible}${gone}}`;
    moves.set(key, { name, rule: `${frames}.${name}{animation:${name} ${total.toFixed(1)}s step-end infinite}` });
    return name;
  };
  const lines = shown.map(({ row, spans, from, to, right }) => {
    const x = right ? width - LEFT : LEFT;
    const words = spans.map(
      ({ kind, words: said }) => `<tspan${kind ? ` class="${kind}"` : ''}>${escaped(said)}</tspan>`,
    );
    // Who wants no motion sees what stays.
    const classes = `${during(from, to)}${to === undefined ? '' : ' gone'}`;
    return `<text class="${classes}" x="${x}" y="${TOP + row * CELL.height}"${right ? ' text-anchor="end"' : ''}>${words.join('')}</text>`;
  });
  const rules = [...moves.values()].map(({ rule }) => rule).join('\n');
  const still = `@media (prefers-reduced-motion:reduce){text{animation:none!important}.gone{visibility:hidden}}`;
  const frame = `<rect class="frame" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`;
  const dots = [18, 36, 54].map((x) => `<circle class="dot" cx="${x}" cy="18" r="5"/>`).join('');
  return page(
    {
      ...{ width, height, title: describe(shown), style: `${STYLE}\n${rules}\n${still}`, size: 13 },
      font: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    },
    [frame, dots, ...lines],
  );
}

/** What is on the screen, from when to when, in the seconds of the picture. */
function play(events, columns) {
  const shown = [];
  let row = 0;
  let spans = [];
  let kind = '';
  let live;
  let commandRow = 0;
  let clock = 0;
  let last = 0;
  const hide = () => {
    if (live === undefined) return;
    // What would be seen for no time was never there.
    if (clock - live.from < SHORTEST_FRAME) shown.splice(shown.indexOf(live), 1);
    else live.to = clock;
    live = undefined;
  };
  const show = () => {
    if (live !== undefined && JSON.stringify(live.spans) === JSON.stringify(spans)) return;
    hide();
    if (spans.length === 0) return;
    live = { row, spans: spans.map((span) => ({ ...span })), from: clock, to: undefined };
    shown.push(live);
  };
  const lengthOf = () => spans.reduce((sum, { words }) => sum + words.length, 0);
  const newLine = () => {
    show();
    live = undefined;
    row++;
    spans = [];
  };
  for (const [at, type, data] of events) {
    clock += shortened(at - last);
    last = at;
    if (type === 'm') {
      shown.push({ row: commandRow, spans: [{ kind: 'dim', words: data }], from: clock, to: undefined, right: true });
      row++;
      clock += READING;
      continue;
    }
    if (data.includes('$')) commandRow = row;
    for (const [token] of data.matchAll(/\u001b\[[0-9;]*[A-Za-z]|[^\u001b]/gu)) {
      if (token === '\r') continue;
      if (token === '\n') newLine();
      else if (token.endsWith('K') && token.startsWith('\u001b')) spans = [];
      else if (token.startsWith('\u001b')) kind = KINDS[token.slice(2, -1)] ?? '';
      else {
        if (lengthOf() >= columns) breakLine();
        const span = spans.at(-1);
        if (span !== undefined && span.kind === kind) span.words += token;
        else spans.push({ kind, words: token });
      }
    }
    show();
  }
  return { shown, length: clock };

  /** A line that is full goes on below, from its last whole word on. */
  function breakLine() {
    const span = spans.at(-1);
    const at = span.words.lastIndexOf(' ');
    const rest = at > 0 ? span.words.slice(at + 1) : '';
    if (at > 0) span.words = span.words.slice(0, at);
    newLine();
    if (rest !== '') spans = [{ kind, words: rest }];
  }
}

/** A pause as it is while it is short, and by its magnitude beyond: a second is 0.13, ten are 0.19. */
function shortened(seconds) {
  const asItIs = 0.06;
  return seconds < asItIs ? seconds : asItIs + 0.06 * Math.log10(seconds / asItIs);
}

/** For who does not see it: the lines that stay. */
function describe(shown) {
  const lines = shown.filter(({ to, right }) => to === undefined && !right);
  return `A terminal. ${lines.map(({ spans }) => spans.map(({ words }) => words).join('')).join(' ')}`;
}
