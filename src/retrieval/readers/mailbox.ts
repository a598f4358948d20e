// The messages in a file: one (eml), one with its length before it (emlx, of Apple Mail), or many, each after a line that begins
// with "From " (mbox). Not here: what is in a message.

/** Each with the line that begins it taken off. */
export function messagesOf(bytes: Buffer, path: string): Buffer[] {
  if (/\.emlx$/iu.test(path)) {
    const line = /^\s*(\d+)\s*\n/u.exec(bytes.toString('latin1', 0, 32));
    if (line !== null) return [bytes.subarray(line[0].length, line[0].length + Number(line[1]))];
  }
  if (bytes.toString('latin1', 0, 5) !== 'From ') return [bytes];
  const starts: number[] = [];
  // A line that begins so inside a message has a > before it, or no date behind it.
  for (let at = 0; at !== -1; at = nextLine(bytes, at)) {
    if (bytes.toString('latin1', at, at + 5) === 'From ' && isSeparator(bytes, at)) starts.push(at);
  }
  return starts.map((start, i) =>
    unquoted(bytes.subarray(bytes.indexOf(0x0a, start) + 1, starts[i + 1] ?? bytes.length)),
  );
}

function nextLine(bytes: Buffer, at: number): number {
  const found = bytes.indexOf('\nFrom ', at);
  return found === -1 ? -1 : found + 1;
}

function isSeparator(bytes: Buffer, at: number): boolean {
  const line = bytes.toString('latin1', at, at + 200).split(/\r?\n/u, 1)[0]!;
  const isAfterBlank = at === 0 || /\n\r?\n$/u.test(bytes.toString('latin1', Math.max(0, at - 3), at));
  return isAfterBlank && /\b\d{1,2}:\d{2}|\b(?:19|20)\d{2}\b/u.test(line);
}

/** `>From` at the beginning of a line was `From`. */
function unquoted(message: Buffer): Buffer {
  if (!message.includes('\n>From ')) return message;
  return Buffer.from(message.toString('latin1').replace(/\n>(>*From )/gu, '\n$1'), 'latin1');
}
