// How texts are cut: nothing lost, nothing too long, structure kept.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkContent, contextOf, estimateTokens, type Chunk } from '../../../src/retrieval/chunks.js';
import { readContent } from '../../../src/retrieval/readers/index.js';

const chunks = async (name: string, text: string, tokens?: number): Promise<Chunk[]> =>
  chunkContent(await readContent(Buffer.from(text), name), tokens === undefined ? {} : { tokens });

describe('passages', () => {
  it('keep a section together and name the headings above it', async () => {
    const found = await chunks('a.md', '# Garden\n\nHello.\n\n## Roses\n\nPrune.\n\nWater.\n\n# Sea\n\nSalt.\n');
    expect(found.map(({ headings, text }) => [headings.join(' › '), text])).toEqual([
      ['Garden', 'Hello.'],
      ['Garden › Roses', 'Prune.\n\nWater.'],
      ['Sea', 'Salt.'],
    ]);
    expect(contextOf('Garden', found[1]!)).toBe('Garden › Roses\nPrune.\n\nWater.');
  });

  it('cut a long paragraph between sentences, with an overlap', async () => {
    const sentences = Array.from({ length: 40 }, (_, i) => `This is the sentence with the number ${i}.`);
    const found = await chunks('a.txt', sentences.join(' '), 60);
    expect(found.length).toBeGreaterThan(5);
    for (const [i, { text }] of found.entries()) {
      expect(text).toMatch(/^This is .*\d\.$/su);
      if (i > 0) expect(found[i]!.start).toBeLessThan(found[i - 1]!.end - 30);
    }
    for (const sentence of sentences) expect(found.some(({ text }) => text.includes(sentence))).toBe(true);
  });

  it('give each record a passage with its fields', async () => {
    const found = await chunks('a.csv', 'name,city\nAnna,Bern\nBo,Oslo\n');
    expect(found.map(({ text, metadata }) => [text, metadata])).toEqual([
      ['name: Anna\ncity: Bern', { name: 'Anna', city: 'Bern' }],
      ['name: Bo\ncity: Oslo', { name: 'Bo', city: 'Oslo' }],
    ]);
  });

  it('of a long record carry the fields that stand in them and what names it', async () => {
    const messages = Array.from({ length: 300 }, (_, i) => ({ from: i % 2 ? 'Anna' : 'Bo', text: `Message ${i}.` }));
    const found = await chunks('a.json', JSON.stringify({ name: 'Kiln', about: 'x '.repeat(900), messages }));
    expect(found.length).toBeGreaterThan(10);
    const last = found.at(-1)!;
    expect(last.metadata).toMatchObject({ name: 'Kiln', 'messages.299.text': 'Message 299.' });
    expect(last.metadata).not.toHaveProperty(['messages.0.text']);
    for (const { metadata, text } of found) expect(JSON.stringify(metadata).length).toBeLessThan(text.length * 2 + 600);
  });

  it('stay on one page each', () => {
    const text = 'One.\n\nTwo.\n\nThree.\n\n';
    const blocks = [
      { kind: 'text' as const, start: 0, end: 4 },
      { kind: 'text' as const, start: 6, end: 10 },
      { kind: 'text' as const, start: 12, end: 18 },
    ];
    const found = chunkContent({ kind: 'pdf', text, blocks, pages: [0, 6, 11, 12] });
    expect(found.map(({ text, page }) => [text, page])).toEqual([
      ['One.', 1],
      ['Two.', 2],
      ['Three.', 4],
    ]);
  });

  it('are made of a heading with nothing below it, too, and of what is too long for one', async () => {
    const found = await chunks('a.md', '# Kilns\n\n## Gas\n\n## Wood\n\nSmoke.\n\n# End\n');
    expect(found.map(({ headings, text }) => [headings.join(' › '), text])).toEqual([
      ['Kilns', '## Gas'],
      ['Kilns › Wood', 'Smoke.'],
      ['', '# End'],
    ]);
    const long = `# ${'word '.repeat(400)}\n\nText.`;
    for (const { headings } of await chunks('a.md', long)) expect(headings.join('').length).toBeLessThan(300);
  });

  it('leave out pictures that are written as letters, and keep keys', async () => {
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) % 251));
    const picture = bytes.toString('base64');
    const key = bytes.toString('base64', 0, 90);
    const hash = bytes.toString('hex', 0, 64);
    const markdown = `The kiln ![photo](data:image/png;base64,${picture}) is hot. Key ${key}. Hash ${hash}. ${'It is. '.repeat(200)}`;
    const card = `FN:Mara Voss\nPHOTO;ENCODING=b:\n ${picture.match(/.{1,74}/gu)!.join('\n ')}\nTEL:555 01\n`;
    const texts = async (name: string, text: string): Promise<string> =>
      (await chunks(name, text)).map(({ text }) => text).join('\n');
    const read = await texts('a.md', markdown);
    expect(read).not.toContain(picture.slice(500, 560));
    for (const kept of ['The kiln', 'is hot.', key, hash]) expect(read).toContain(kept);
    expect((await texts('a.vcf', card)).replace(/\s+/gu, ' ')).toBe('FN:Mara Voss PHOTO;ENCODING=b: TEL:555 01');
  });

  it('are stretches of the text, at most so long, that together have every letter of it', async () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom(
        'word',
        'Ein Satz. ',
        '\n\n',
        '# heading\n',
        '漢字かな',
        '。',
        'x'.repeat(500),
        '- item\n',
        '```\n',
        ' ',
      ),
    );
    const text = fc.array(word, { minLength: 1, maxLength: 80 }).map((parts) => `a${parts.join(' ')}`);
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.constantFrom('a.txt', 'a.md', 'a.py'),
        fc.integer({ min: 16, max: 200 }),
        async (source, name, most) => {
          const clean = source.replace(/\0/gu, '');
          const content = await readContent(Buffer.from(clean), name).catch(() => undefined);
          if (content === undefined) return; // control characters: a binary file
          const found = chunkContent(content, { tokens: most, overlap: 5 });
          const covered = new Uint8Array(content.text.length);
          for (const { start, end, text: piece } of found) {
            expect(content.text.slice(start, end)).toBe(piece);
            expect(estimateTokens(piece)).toBeLessThanOrEqual(most);
            covered.fill(1, start, end);
          }
          for (const { kind, start, end } of content.blocks) {
            if (kind === 'heading') continue;
            for (let i = start; i < end; i++) {
              if (/[\p{L}\p{N}]/u.test(content.text[i]!))
                expect(covered[i], `${content.text.slice(i, i + 9)} at ${i}`).toBe(1);
            }
          }
        },
      ),
      { seed: Number(process.env['FC_SEED'] ?? 1), numRuns: Number(process.env['FC_RUNS'] ?? 60) },
    );
  });
});
