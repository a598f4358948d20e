// What the rows of a dropped JSONL are, and which of their text is trained on, for a person to look at before it is sent. The
// server checks them again, all of them. Pure.

export interface Piece {
  role: string;
  text: string;
  /** Whether there is a loss on it. */
  isTrained: boolean;
}

export type Row =
  { line: number; pieces: Piece[]; fault?: undefined } | { line: number; fault: 'json' | 'shape'; pieces?: undefined };

export interface Preview {
  rows: Row[];
  /** Of all lines that are not empty. */
  count: number;
  faults: { line: number; fault: 'json' | 'shape' }[];
}

export function preview(text: string, most = 20): Preview {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ line: i + 1, text: line.trim() }))
    .filter((line) => line.text !== '');
  const rows = lines.map(({ line, text: json }) => rowOf(line, json));
  const faults = rows.flatMap((row) => (row.fault === undefined ? [] : [{ line: row.line, fault: row.fault }]));
  return { rows: rows.slice(0, most), count: rows.length, faults };
}

function rowOf(line: number, json: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { line, fault: 'json' };
  }
  const pieces = piecesOf(value);
  return pieces === undefined ? { line, fault: 'shape' } : { line, pieces };
}

function piecesOf(value: unknown): Piece[] | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const { text, prompt, completion, messages } = value as Record<string, unknown>;
  if (Array.isArray(messages) && messages.length > 0) {
    const pieces = messages.map(pieceOf);
    return pieces.every((piece) => piece !== undefined) ? pieces : undefined;
  }
  if (typeof prompt === 'string' && typeof completion === 'string') {
    return [piece('prompt', prompt, false), piece('completion', completion, true)];
  }
  if (typeof text !== 'string') return undefined;
  return [piece('text', text, true)];
}

/** Of a conversation all of the assistant's turns are trained. */
function pieceOf(message: unknown): Piece | undefined {
  if (message === null || typeof message !== 'object') return undefined;
  const { role, content, tool_calls: calls } = message as Record<string, unknown>;
  if (typeof role !== 'string') return undefined;
  const text = typeof content === 'string' ? content : Array.isArray(content) ? partsOf(content) : '';
  if (text === '' && calls === undefined) return undefined;
  return piece(role, text === '' ? JSON.stringify(calls) : text, role === 'assistant');
}

function partsOf(parts: readonly unknown[]): string {
  return parts
    .map((part) => (part as { text?: unknown } | null)?.text)
    .filter((text) => typeof text === 'string')
    .join('');
}

function piece(role: string, text: string, isTrained: boolean): Piece {
  return { role, text, isTrained };
}
