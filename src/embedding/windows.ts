// A text with more tokens than the model reads, cut into windows of nearly one length, each between the tokens that the model
// wants around a text and after the prefix of its kind. Not here: passages (retrieval/ makes those, and they fit).

/** The tokens of a text without what stands around it. */
export interface EncodedText {
  /** Prefix and text. */
  ids: readonly number[];
  /** How many of them are the prefix. */
  prefix: number;
}

/** What a model wants around every text, e.g. [CLS] and [SEP]. */
export interface Frame {
  head: readonly number[];
  tail: readonly number[];
}

/** Token ids of each window, `maxTokens` at most. At least one, and at most `maxWindows`: the rest is left out. */
export function windowsOf(text: EncodedText, frame: Frame, maxTokens: number, maxWindows = Infinity): number[][] {
  const room = Math.max(1, maxTokens - frame.head.length - frame.tail.length);
  const inFrame = (ids: readonly number[]): number[] => [...frame.head, ...ids, ...frame.tail];
  if (text.ids.length <= room || maxWindows <= 1) return [inFrame(text.ids.slice(0, room))];
  // A prefix that leaves no room for text is none.
  const prefix = text.prefix < room / 2 ? text.ids.slice(0, text.prefix) : [];
  const body = text.ids.slice(prefix.length);
  const needed = Math.ceil(body.length / (room - prefix.length));
  const size = Math.ceil(body.length / needed);
  return Array.from({ length: Math.min(needed, Math.floor(maxWindows)) }, (_, i) =>
    inFrame([...prefix, ...body.slice(i * size, (i + 1) * size)]),
  );
}
