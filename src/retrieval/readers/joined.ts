// Several contents as one: what a message holds, what an archive holds. Each stands below a heading of its own, with its own
// headings one level lower. Not here: where they come from.
import type { Block, Content, Metadata } from './types.js';

export class JoinedContent {
  text = '';
  readonly blocks: Block[] = [];

  /** A part with the name that its passages are under; `metadata` is added to what its passages have. */
  add({ text, blocks }: Pick<Content, 'text' | 'blocks'>, name: string, metadata: Metadata | undefined): void {
    if (blocks.length === 0) return;
    const heading = name.replace(/\s+/gu, ' ').trim();
    const shift = this.text.length + (heading === '' ? 0 : heading.length + 2);
    if (heading !== '') {
      const start = this.text.length;
      this.blocks.push({ kind: 'heading', level: 1, start, end: start + heading.length, isApart: true });
      this.text += `${heading}\n\n`;
    }
    this.text += `${text}\n\n`;
    // One object for all that have the same: neighbours that share it may share a passage.
    const merged = new Map<Metadata | undefined, Metadata | undefined>([[undefined, metadata]]);
    for (const [i, block] of blocks.entries()) {
      const { start, end, level, places } = block;
      const all = merged.has(block.metadata) ? merged.get(block.metadata) : { ...metadata, ...block.metadata };
      merged.set(block.metadata, all);
      this.blocks.push({
        ...block,
        ...{ start: start + shift, end: end + shift },
        ...(level === undefined ? {} : { level: level + 1 }),
        ...(places === undefined ? {} : { places: places.map((place) => ({ ...place, start: place.start + shift })) }),
        ...(block.kind === 'heading' || all === undefined ? {} : { metadata: all }),
        ...(i === 0 && heading === '' ? { isApart: true } : {}),
      });
    }
  }
}
