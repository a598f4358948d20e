// Numbers, times and sizes in the language of the page.
import { language } from './strings/index.js';

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(
    value,
  );
}

/** A loss: three digits where it is small. */
export function loss(value: number): string {
  return number(value, value < 0.1 ? 3 : 2);
}

/** Of a share from 0 to 1. */
export function percent(share: number): string {
  return new Intl.NumberFormat(language(), { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

export function bytes(count: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
  const options = { style: 'unit', unit: units[power]!, unitDisplay: power === 0 ? 'long' : 'short' } as const;
  return new Intl.NumberFormat(language(), { ...options, maximumFractionDigits: power < 2 ? 0 : 1 }).format(
    count / 1000 ** power,
  );
}

export function seconds(value: number): string {
  if (value < 60) return unit(value, 'second', value < 10 ? 1 : 0);
  const minutes = Math.floor(value / 60);
  const rest = Math.floor(value % 60);
  if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(rest, 'second')}`;
  return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`;
}

/** ISO 8601 or seconds since 1970. */
export function time(value: string | number): string {
  const date = new Date(typeof value === 'number' ? value * 1000 : value);
  if (Number.isNaN(date.getTime())) return String(value);
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

function unit(value: number, name: string, digits = 0): string {
  const options = { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(language(), options).format(value);
}
