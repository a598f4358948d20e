// Recall against queries a second, one line for each method, as SVG: further right and up is better.

const WIDTH = 810;
const HEIGHT = 440;
const LEFT = 70;
const RIGHT = 260;
const TOP = 40;
const BOTTOM = 50;
const COLOURS = ['#c2410c', '#1d4ed8', '#047857', '#7c3aed', '#b45309', '#0e7490', '#be185d', '#4b5563'];

/** The result of `bench -- index` as an SVG document. */
export function indexPlot({ rows }) {
  return recallPlot(rows, `queries a second, ${rows[0].n} vectors of ${rows[0].dimensions} numbers`);
}

/** The result of `bench -- retrieval` as one: a point for each way of searching each collection. */
export function retrievalPlot({ rows }) {
  const measured = rows.filter(({ msPerQuery, recall10 }) => msPerQuery > 0 && Number.isFinite(recall10));
  const isOne = new Set(measured.map(({ corpus }) => corpus)).size === 1;
  const points = measured.map(({ corpus, method, recall10, msPerQuery }) => {
    return { method: isOne ? method : `${corpus}, ${method}`, recall10, queriesPerSecond: 1000 / msPerQuery };
  });
  return recallPlot(points, 'questions a second');
}

function recallPlot(rows, title) {
  const rates = rows.map(({ queriesPerSecond }) => Math.log10(queriesPerSecond));
  const [low, high] = [Math.floor(Math.min(...rates)), Math.ceil(Math.max(...rates) + 1e-9)];
  const least = Math.floor(Math.min(...rows.map(({ recall10 }) => recall10)) * 20) / 20;
  const x = (recall) => LEFT + ((recall - least) / Math.max(1 - least, 0.05)) * (WIDTH - LEFT - RIGHT);
  const y = (rate) => HEIGHT - BOTTOM - ((Math.log10(rate) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [];
  for (let power = low; power <= high; power++) {
    parts.push(grid(LEFT, y(10 ** power), WIDTH - RIGHT, y(10 ** power)));
    parts.push(text(LEFT - 8, y(10 ** power) + 4, (10 ** power).toLocaleString('en'), 'end'));
  }
  for (let i = 0; i <= 5; i++) {
    const recall = least + ((1 - least) * i) / 5;
    parts.push(grid(x(recall), TOP, x(recall), HEIGHT - BOTTOM));
    parts.push(text(x(recall), HEIGHT - BOTTOM + 18, recall.toFixed(3), 'middle'));
  }
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'recall@10', 'middle'));
  parts.push(text(LEFT, TOP - 16, title, 'start'));
  for (const [i, method] of [...new Set(rows.map((row) => row.method))].entries()) {
    const points = rows.filter((row) => row.method === method).map((row) => [x(row.recall10), y(row.queriesPerSecond)]);
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map((point) => point.map((value) => value.toFixed(1)).join(',')).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const [cx, cy] of points)
      parts.push(`<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="3" fill="${colour}"/>`);
    parts.push(text(WIDTH - RIGHT + 14, TOP + 14 + 20 * i, method, 'start', colour));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const grid = (x1, y1, x2, y2) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;

const text = (x, y, content, anchor, colour = '#333') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
