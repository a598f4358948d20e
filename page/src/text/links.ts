// Which addresses in a text of others become links: web and mail, written out. Everything else stays text.

const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/** The address, or undefined for one that must not be followed. */
export function safeHref(given: string): string | undefined {
  // Browsers pass over these inside of a scheme: `java\nscript:`.

  const address = given.replace(/[\u0000-\u0020\u007F-\u009F]/g, '');
  try {
    return SCHEMES.has(new URL(address).protocol) ? address : undefined;
  } catch {
    return undefined; // relative: there is nothing of ours that a model may link to
  }
}
