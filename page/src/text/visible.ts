// Text of others as it may be shown: marks that turn the direction of what stands around them, and control characters, become
// visible. Letters of every script stay, so does the order of right-to-left text.

/** Embeddings, overrides and isolates; all controls but tab and line feed; the line and paragraph separators. */

const HIDDEN = /[\u202A-\u202E\u2066-\u2069\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029]/g;

export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(HIDDEN, (mark) => `‹U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}

/** The first `most` characters, never half of one, and how many were left out. */
export function clip(text: string, most: number): { shown: string; left: number } {
  if (text.length <= most) return { shown: text, left: 0 };
  const end = /[\uD800-\uDBFF]/.test(text[most - 1]!) ? most - 1 : most;
  return { shown: text.slice(0, end), left: text.length - end };
}
