// Server-sent events as a body brings them, cut anywhere: the data of each. Not here: what the data is.

/** Lines end in \n, \r\n or \r; the data of several lines belong together; comments and other fields are passed over. */
export async function* eventsOf(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  const take = (line: string): string | undefined => {
    if (line !== '') {
      const field = /^data(?:: ?(.*))?$/s.exec(line);
      if (field !== null) data.push(field[1] ?? '');
      return undefined;
    }
    const event = data.length === 0 ? undefined : data.join('\n');
    data = [];
    return event;
  };
  for await (const piece of body ?? []) {
    rest += decoder.decode(piece, { stream: true });
    // A \r at the very end may be the first half of \r\n.
    const whole = /^[^]*(?:\n|\r(?=[^]))/.exec(rest)?.[0] ?? '';
    rest = rest.slice(whole.length);
    for (const line of linesOf(whole)) {
      const event = take(line);
      if (event !== undefined) yield event;
    }
  }
  // What no empty line ended is no event by the standard; servers that forget it mean it all the same.
  for (const line of [...linesOf(`${rest}\n`), '']) {
    const event = take(line);
    if (event !== undefined) yield event;
  }
}

function linesOf(whole: string): string[] {
  return whole.split(/\r\n|\n|\r/).slice(0, -1);
}
