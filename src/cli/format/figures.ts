// Figures and tables as a person reads them. Not here: JSON, which carries the figures as they are.
import { isObject } from '../../is-object.js';
import { fit, widthOf } from '../io.js';

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(seconds / 60);
  return whole < 7200
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function share(value: number): string {
  return `${Math.round(value * 100)}%`;
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** One line of at most so many columns. */
export function excerpt(text: string, columns = 60): string {
  return fit(text.replace(/\s+/gu, ' ').trim(), columns);
}

/** Rows under headings, columns aligned; the last column is not padded. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  const pad = (cell: string, width: number): string => cell + ' '.repeat(width - widthOf(cell));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column]!))).join('  ');
  return all.map((row) => line(row).trimEnd()).join('\n');
}

/** A plain object as lines of `name: value`, groups indented. */
export function describe(value: object, indent = ''): string {
  const lines: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    if (Array.isArray(item)) {
      const items = item.map((one) => (isObject(one) ? row(one) : String(one)));
      lines.push(`${indent}${words(key)}: ${items.length === 0 ? 'none' : items.join(', ')}`);
    } else if (isObject(item)) {
      lines.push(`${indent}${words(key)}:`, describe(item, `${indent}  `));
    } else {
      lines.push(`${indent}${words(key)}: ${plainValue(key, item)}`);
    }
  }
  return lines.join('\n');
}

function row(value: object): string {
  const cells = Object.entries(value).filter(([, cell]) => typeof cell !== 'object' && cell !== undefined);
  return cells.map(([key, cell]) => plainValue(key, cell)).join('  ');
}

function plainValue(key: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  return /bytes/i.test(key) ? bytes(value) : Number.isInteger(value) ? count(value) : value.toPrecision(3);
}

/** `cpuFeatures` → `cpu features`. */
function words(key: string): string {
  return key.replace(/(?<=[a-z\d])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
