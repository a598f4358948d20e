// The loss curves drawn with characters, for a terminal of any width: the training loss as a line of Braille dots (two by four
// in a character), validation and test as marks, so that they can be told apart without colour. Not here: colours (the caller
// paints), and whether a terminal can show Braille.
import { axisOf, thinned, type Axis, type Curve, type Point } from './curves.js';

export interface PlotTextOptions {
  /** Characters of a line at most, at least 24. Default 80. */
  columns?: number;
  /** Lines in all, at least 6. Default 18. */
  rows?: number;
  /** Nothing but ASCII. Default false. */
  ascii?: boolean;
  /** Colours what belongs to a curve. */
  paint?: (curve: Curve['name'], text: string) => string;
}

interface Cell {
  character: string;
  curve: Curve['name'];
}

/** What a curve looks like: a line, or a mark at each point. */
const MARKS = {
  unicode: { train: '⣀', validation: '●', test: '◆' },
  ascii: { train: '.', validation: 'o', test: 'x' },
} as const;

/** Lines without a final line feed. An empty string where there is nothing to draw. */
export function plotText(curves: readonly Curve[], options: PlotTextOptions = {}): string {
  const { ascii = false, paint = (_: string, text: string) => text } = options;
  const columns = Math.max(24, options.columns ?? 80);
  const rows = Math.max(6, options.rows ?? 18) - 3; // the scale of the steps, the legend and an empty line
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return '';
  const marks = ascii ? MARKS.ascii : MARKS.unicode;
  const y = axisOf(
    points.map(({ loss }) => loss),
    Math.max(2, Math.floor(rows / 3)),
  );
  const margin = Math.max(...y.ticks.map((tick) => y.label(tick).length));
  const width = columns - margin - 3;
  const x = axisOf(
    points.map(({ step }) => step),
    Math.max(2, Math.floor(width / 12)),
    true,
  );

  const grid = Array.from({ length: rows }, () => Array.from({ length: width }, (): Cell | undefined => undefined));
  for (const { name, points: all } of curves) {
    if (name === 'train') drawLine(grid, thinned(all, width * 2), x, y, ascii);
    else
      for (const { column, row } of places(all, x, y, width, rows))
        grid[row]![column] = { character: marks[name], curve: name };
  }

  const [tee, side, corner, flat, down] = ascii ? ['+', '|', '+', '-', '+'] : ['┤', '│', '└', '─', '┴'];
  const tickRows = new Map(y.ticks.map((tick) => [Math.round(position(tick, y, true) * (rows - 1)), y.label(tick)]));
  const lines = grid.map((cells, row) => {
    const label = tickRows.get(row);
    const drawn = cells.map((cell) => (cell === undefined ? ' ' : paint(cell.curve, cell.character))).join('');
    return `${(label ?? '').padStart(margin)} ${label === undefined ? side : tee}${drawn}`.trimEnd();
  });
  const rule = Array.from({ length: width }, () => flat);
  let scale = ' '.repeat(margin + 2 + width);
  for (const tick of x.ticks) {
    const column = Math.round(position(tick, x) * (width - 1));
    rule[column] = down!;
    const text = x.label(tick);
    const at = Math.min(margin + 2 + column - Math.floor((text.length - 1) / 2), scale.length - text.length);
    // A label that would touch the one before it is left out.
    if (scale.slice(at - 1, at + text.length).trim() === '')
      scale = scale.slice(0, at) + text + scale.slice(at + text.length);
  }
  lines.push(`${' '.repeat(margin)} ${corner}${rule.join('')}`, scale.trimEnd());
  const legend = curves.map(({ name }) => paint(name, `${marks[name]} ${name}`)).join('   ');
  lines.push(`${' '.repeat(margin + 2)}${legend}   loss by step`);
  return lines.join('\n');
}

/** Share of the way along an axis, from 0 to 1; downwards for rows, which are counted from the top. */
function position(value: number, axis: Axis, downwards = false): number {
  const share = (value - axis.min) / (axis.max - axis.min);
  return downwards ? 1 - share : share;
}

function places(
  points: readonly Point[],
  x: Axis,
  y: Axis,
  width: number,
  rows: number,
): { column: number; row: number }[] {
  return points.map(({ step, loss }) => ({
    column: Math.round(position(step, x) * (width - 1)),
    row: Math.round(position(loss, y, true) * (rows - 1)),
  }));
}

/** Bits of the dots of a Braille character, by row from the top and by column. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const BRAILLE = 0x2800;

function drawLine(grid: (Cell | undefined)[][], points: readonly Point[], x: Axis, y: Axis, ascii: boolean): void {
  const [across, down] = ascii ? [1, 1] : [2, 4];
  const dots = places(points, x, y, grid[0]!.length * across, grid.length * down);
  for (const [i, to] of dots.entries()) {
    const from = dots[i - 1] ?? to;
    const steps = Math.max(1, Math.abs(to.column - from.column), Math.abs(to.row - from.row));
    for (let step = 0; step <= steps; step++) {
      const column = Math.round(from.column + ((to.column - from.column) * step) / steps);
      const row = Math.round(from.row + ((to.row - from.row) * step) / steps);
      const cells = grid[Math.floor(row / down)]!;
      const at = Math.floor(column / across);
      const bits = (cells[at]?.character.codePointAt(0) ?? BRAILLE) | DOTS[row % down]![column % across]!;
      cells[at] = { character: ascii ? MARKS.ascii.train : String.fromCodePoint(bits), curve: 'train' };
    }
  }
}
