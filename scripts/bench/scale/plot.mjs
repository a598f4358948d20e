// Lines over an axis of powers of ten, as SVG, in colours that can be read on a light and on a dark page and told apart by people who do
// not see red and green alike (Okabe and Ito 2008).

const [WIDTH, HEIGHT] = [720, 380];
const PLOT = { left: 72, right: 500, top: 44, bottom: HEIGHT - 56 };
const INK = '#808080';
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7'];

/** @param lines `[{ name, points: [[x, y]] }]`, x above 0, y from 0; `yTo`: the top of the axis, `isLog`: of powers of ten too */
export function linePlot({ title, x: xName, y: yName, lines, yTo, isLog = false, shown = (value) => `${value}` }) {
  const points = lines.flatMap((line) => line.points);
  const powers = axis(points.map(([x]) => x));
  const heights = isLog ? axis(points.map(([, y]) => y)) : undefined;
  const top = yTo ?? Math.max(...points.map(([, y]) => y));
  const across = (x) =>
    PLOT.left + ((Math.log10(x) - powers[0]) / (powers.at(-1) - powers[0])) * (PLOT.right - PLOT.left);
  const share = (y) => (isLog ? (Math.log10(y) - heights[0]) / (heights.at(-1) - heights[0]) : y / top);
  const up = (y) => PLOT.bottom - share(y) * (PLOT.bottom - PLOT.top);
  const place = ([x, y]) => `${across(x).toFixed(1)} ${up(y).toFixed(1)}`;
  const parts = [label(PLOT.left, 22, title, 'start', 'font-size="15" font-weight="600"')];
  for (const y of isLog ? heights.map((power) => 10 ** power) : [0, 0.25, 0.5, 0.75, 1].map((part) => part * top)) {
    parts.push(`<path d="M${PLOT.left} ${up(y).toFixed(1)}H${PLOT.right}" stroke="${INK}" stroke-opacity="0.25"/>`);
    parts.push(label(PLOT.left - 8, up(y) + 4, shown(y), 'end'));
  }
  for (const power of powers) parts.push(label(across(10 ** power), PLOT.bottom + 20, short(10 ** power), 'middle'));
  parts.push(label((PLOT.left + PLOT.right) / 2, HEIGHT - 12, xName, 'middle'), label(PLOT.left, 38, yName, 'start'));
  lines.forEach(({ name, points: some }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    parts.push(`<path d="M${some.map(place).join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const point of some) {
      const [x, y] = place(point).split(' ');
      parts.push(
        `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"><title>${escaped(`${name}: ${short(point[0])}, ${shown(point[1])}`)}</title></circle>`,
      );
    }
    parts.push(`<path d="M${PLOT.right + 14} ${PLOT.top + 10 + i * 22}h18" stroke="${colour}" stroke-width="3"/>`);
    parts.push(label(PLOT.right + 38, PLOT.top + 14 + i * 22, name, 'start'));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">
<title>${escaped(title)}</title>
${parts.join('\n')}
</svg>
`;
}

/** The powers of ten around values above 0. */
function axis(values) {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

const short = (value) =>
  Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value).replace('B', 'G');
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const label = (x, y, said, anchor, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${more}>${escaped(said)}</text>`;
