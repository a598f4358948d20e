// A labelled row as it stands in a file: `{text, label}`, or `{text, labels: […]}` for any number of labels. Not here: other rows
// (row.ts).
import { EngramError } from '../../errors.js';
import { isObject } from '../../is-object.js';
import { parseJson } from '../row.js';

export interface LabelledRow {
  text: string;
  labels: string[];
  /** Whether the row names a list of labels. */
  several: boolean;
  /** Where it stands in its file, counted from 1. */
  line: number;
}

/** Parses a line. Labels may be strings, whole numbers or booleans; space around them is dropped. Other fields are let be. Throws
 * `corrupt` or `empty` with the line. */
export function parseLabelledRow(json: string, line: number): LabelledRow {
  const row = parseJson(json, line);
  if (!isObject(row) || !('text' in row) || 'label' in row === 'labels' in row) {
    fail('corrupt', line, 'Expected {"text", "label"} or {"text", "labels"}.');
  }
  const { text, label, labels } = row;
  if (typeof text !== 'string') fail('corrupt', line, 'Expected a string for text.');
  if (text.trim() === '') fail('empty', line, 'text is empty.');
  if (labels === undefined) return { text, labels: [parseLabel(label, line)], several: false, line };
  if (!Array.isArray(labels)) fail('corrupt', line, 'Expected an array for labels.');
  const names = labels.map((each) => parseLabel(each, line));
  return { text, labels: [...new Set(names)], several: true, line };
}

function parseLabel(value: unknown, line: number): string {
  if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isSafeInteger(value)) {
    fail('corrupt', line, 'Expected a string, a whole number or a boolean as label.');
  }
  const label = String(value).trim();
  if (label === '') fail('empty', line, 'a label is empty.');
  return label;
}

function fail(code: 'corrupt' | 'empty', line: number, message: string): never {
  throw new EngramError(code, `Line ${line}: ${message}`, { details: { line } });
}
