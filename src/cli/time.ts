// Times as people give them. Not here: what they are compared with.
import { EngramError } from '../errors.js';

/** A time as milliseconds since 1970: a date (`2026-03-01`, ISO 8601) or so long ago (`90d`, `12h`, `2w`, `6mo`, `1y`). Throws
 * `usage`. */
export function timeOf(text: string, where: string, now = Date.now()): number {
  const ago = /^(\d+)\s*(min|h|d|w|mo|y)$/u.exec(text.trim());
  if (ago !== null) return now - Number(ago[1]) * UNITS_MS[ago[2] as keyof typeof UNITS_MS];
  const time = /^\d{4}(?:-\d{2}){0,2}(?:T.*)?$/u.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new EngramError('usage', `Expected a date or a span of time for ${where} but received "${text}".`, {
    hint: 'For example 2026-03-01, 90d, 12h or 6mo.',
  });
}

const HOUR = 3_600_000;
const UNITS_MS = { min: 60_000, h: HOUR, d: 24 * HOUR, w: 168 * HOUR, mo: 730.5 * HOUR, y: 8766 * HOUR };
