// The shares of `bench -- memory` as an SVG of bars, a group for each measure and a bar for each row, in colours that can be
// read on a light and on a dark page and told apart by people who do not see red and green alike (Okabe and Ito 2008).

const HEIGHT = 380;
const PLOT = { left: 52, top: 64, bottom: HEIGHT - 44 };
const BAR = 22;
const GAP = 34;
/** Room for the name of a measure. */
const LEAST_GROUP = 124;
const INK = '#808080';
const COLOURS = ['#999999', '#e69f00', '#56b4e9', '#0072b2', '#009e73', '#f0e442', '#d55e00', '#cc79a7'];

const MEASURES = [
  ['efficacy', 'efficacy'],
  ['paraphrase', 'paraphrase'],
  ['portability', 'portability'],
  ['neighbours', 'neighbours kept'],
  ['unrelated', 'unrelated kept'],
  ['supersededNew', 'superseded: new'],
  ['supersededOld', 'superseded: old'],
  ['forgottenRecalled', 'forgotten: recalled'],
];

/** The result as an SVG document; measures that no row has are left out. */
export function memoryPlot({ rows, options }) {
  const measures = MEASURES.filter(([key]) => rows.some((row) => row[key] !== undefined));
  const group = Math.max(rows.length * BAR + GAP, LEAST_GROUP);
  const width = Math.max(420, PLOT.left + measures.length * group + 20);
  const y = (share) => PLOT.bottom - share * (PLOT.bottom - PLOT.top);
  const title = `${options.kind}, ${options.count} ${options.sequential ? 'in one brain' : 'each alone'}`;
  const parts = [label(PLOT.left, 22, title, 'start', 'font-size="15" font-weight="600"')];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(`<path d="M${PLOT.left} ${y(share)}H${width - 20}" stroke="${INK}" stroke-opacity="0.25"/>`);
    parts.push(label(PLOT.left - 8, y(share) + 4, `${share * 100}%`, 'end'));
  }
  measures.forEach(([key, name], i) => {
    const left = PLOT.left + i * group + (group - rows.length * BAR) / 2;
    rows.forEach((row, j) => {
      if (row[key] === undefined) return;
      const at = `x="${left + j * BAR}" y="${y(row[key]).toFixed(1)}"`;
      const size = `width="${BAR - 3}" height="${(PLOT.bottom - y(row[key])).toFixed(1)}"`;
      const said = `${nameOf(row)}, ${name}: ${(row[key] * 100).toFixed(1)}%`;
      parts.push(`<rect ${at} ${size} fill="${colourOf(j)}"><title>${escaped(said)}</title></rect>`);
    });
    parts.push(label(left + (rows.length * BAR) / 2, PLOT.bottom + 20, name, 'middle'));
  });
  let x = PLOT.left;
  rows.forEach((row, j) => {
    parts.push(
      `<rect x="${x}" y="36" width="12" height="12" fill="${colourOf(j)}"/>`,
      label(x + 17, 46, nameOf(row), 'start'),
    );
    x += 34 + 7 * nameOf(row).length;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.max(width, x)} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">
<title>${escaped(title)}</title>
${parts.join('\n')}
</svg>
`;
}

const colourOf = (j) => COLOURS[j % COLOURS.length];
const nameOf = ({ strategy, gate }) => (gate ? strategy : `${strategy}, no gate`);
const label = (x, y, text, anchor, more = '') =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${escaped(text)}</text>`;
const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);
