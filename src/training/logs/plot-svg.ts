// The loss curves as an SVG picture: axes, grid and legend, in colours that can be read on a light and on a dark page (and apart
// by people who do not see red and green alike: Okabe and Ito 2008). No background, no script, no font of its own.
import { axisOf, thinned, type Axis, type Curve, type Point } from './curves.js';

const WIDTH = 720;
const HEIGHT = 400;
const PLOT = { left: 64, right: WIDTH - 20, top: 48, bottom: HEIGHT - 52 };
/** Points of a line at most; beyond that, each is the mean of its neighbours. */
const MOST_POINTS = 240;

const COLOURS: Record<Curve['name'], string> = { train: '#0072b2', validation: '#e69f00', test: '#cc79a7' };
/** Middle grey: seen on white and on black. */
const INK = '#808080';

/** `title` is shown above the curves. Throws nothing; without a point there are only axes. */
export function plotSvg(curves: readonly Curve[], title: string): string {
  const points = curves.flatMap((curve) => curve.points);
  const values = (of: (point: Point) => number): number[] => (points.length === 0 ? [0, 1] : points.map(of));
  const x = axisOf(
    values(({ step }) => step),
    8,
    true,
  );
  const y = axisOf(
    values(({ loss }) => loss),
    6,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="${INK}">
<title>${escape(title)}: loss by step</title>
<text x="${PLOT.left}" y="22" font-size="15" font-weight="600">${escape(title)}</text>
${[...gridOf(x, y), ...curves.map((curve) => drawCurve(curve, x, y)), ...legendOf(curves)].join('\n')}
</svg>
`;
}

function gridOf(x: Axis, y: Axis): string[] {
  const across = y.ticks.map((tick) => {
    const at = yOf(tick, y);
    return `<path d="M${PLOT.left} ${at}H${PLOT.right}" stroke="${INK}" stroke-opacity="0.25"/><text x="${PLOT.left - 8}" y="${at + 4}" text-anchor="end">${y.label(tick)}</text>`;
  });
  const along = x.ticks.map((tick) => {
    const at = xOf(tick, x);
    return `<path d="M${at} ${PLOT.bottom}v5" stroke="${INK}"/><text x="${at}" y="${PLOT.bottom + 20}" text-anchor="middle">${x.label(tick)}</text>`;
  });
  const middle = { x: (PLOT.left + PLOT.right) / 2, y: (PLOT.top + PLOT.bottom) / 2 };
  return [
    ...across,
    ...along,
    `<path d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}" fill="none" stroke="${INK}"/>`,
    `<text x="${middle.x}" y="${HEIGHT - 12}" text-anchor="middle">step</text>`,
    `<text transform="translate(18 ${middle.y}) rotate(-90)" text-anchor="middle">loss, nats per token</text>`,
  ];
}

function drawCurve({ name, points }: Curve, x: Axis, y: Axis): string {
  const shown = thinned(points, MOST_POINTS).map(({ step, loss }) => `${xOf(step, x)} ${yOf(loss, y)}`);
  const line = `<path d="M${shown.join('L')}" fill="none" stroke="${COLOURS[name]}" stroke-width="2" stroke-linejoin="round"/>`;
  // Few points are shown as such: a line of one would not be seen.
  if (name === 'train' && points.length > 1) return line;
  const marks = shown.map((at) => `M${at}h0`).join('');
  return `${line}<path d="${marks}" stroke="${COLOURS[name]}" stroke-width="8" stroke-linecap="round"/>`;
}

function legendOf(curves: readonly Curve[]): string[] {
  return curves.map(({ name, points }, i) => {
    const at = PLOT.left + 160 * i;
    const last = points.at(-1)!.loss.toFixed(3);
    return `<path d="M${at} 36h18" stroke="${COLOURS[name]}" stroke-width="4" stroke-linecap="round"/><text x="${at + 25}" y="40">${name} ${last}</text>`;
  });
}

function xOf(step: number, axis: Axis): number {
  return round(PLOT.left + ((step - axis.min) / (axis.max - axis.min)) * (PLOT.right - PLOT.left));
}

function yOf(loss: number, axis: Axis): number {
  return round(PLOT.bottom - ((loss - axis.min) / (axis.max - axis.min)) * (PLOT.bottom - PLOT.top));
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escape(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // XML 1.0 allows no control characters but tab and line feeds.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g, '').replace(/[&<>"]/g, (letter) => names[letter]!);
}
