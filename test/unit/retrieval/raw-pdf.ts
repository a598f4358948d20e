// PDFs written by hand, for what no library writes: text in the encodings of a CMap, and words drawn in any order. Not here: tests.

/** A word at a place, as bytes of the font's encoding. */
export interface Word {
  hex: string;
  x: number;
  y: number;
}

/** One page. `encoding` names a predefined CMap; with `unicode` each two bytes are a character of Unicode, and say so. */
export function rawPdf(
  words: readonly Word[],
  font: { encoding: string; ordering: string; unicode?: boolean },
): Buffer {
  const content = words.map(({ hex, x, y }) => `BT /F1 12 Tf 1 0 0 1 ${x} ${y} Tm <${hex}> Tj ET`).join('\n');
  const toUnicode =
    '/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n' +
    '1 begincodespacerange <0000> <FFFF> endcodespacerange\n' +
    `${blocksOf(words)}endcmap end end`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    `<< /Type /Font /Subtype /Type0 /BaseFont /Some /Encoding /${font.encoding} /DescendantFonts [6 0 R] ${font.unicode === true ? '/ToUnicode 8 0 R ' : ''}>>`,
    `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Some /CIDSystemInfo << /Registry (Adobe) /Ordering (${font.ordering}) /Supplement 0 >> /FontDescriptor 7 0 R /DW 500 >>`,
    '<< /Type /FontDescriptor /FontName /Some /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 >>',
    `<< /Length ${toUnicode.length} >>\nstream\n${toUnicode}\nendstream`,
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const offset = text.length;
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  text += offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}

/** Each code of two bytes is the character of that number. */
function blocksOf(words: readonly Word[]): string {
  const codes = [...new Set(words.flatMap(({ hex }) => hex.match(/.{4}/gu) ?? []))];
  let text = '';
  for (let at = 0; at < codes.length; at += 100) {
    const some = codes.slice(at, at + 100);
    text += `${some.length} beginbfchar\n${some.map((code) => `<${code}> <${code}>`).join('\n')}\nendbfchar\n`;
  }
  return text;
}
