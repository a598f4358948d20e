// What the pictures of the documents share: a page without background in colours that are read on white and on black, and
// told apart by people who do not see red and green alike (Okabe and Ito 2008). Not here: what a picture shows.

/** Middle grey: seen on white and on black. */
export const INK = '#808080';
export const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];

/** An SVG document of `parts`; `title` is what a screen reader says. */
export function page({ width, height, title, style = '', font = 'system-ui, sans-serif', size = 13 }, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${font}" font-size="${size}" fill="${INK}">
<title>${escaped(title)}</title>
${[...(style === '' ? [] : [`<style>${style}</style>`]), ...parts].join('\n')}
</svg>
`;
}

/** `more`: further attributes. */
export function text(x, y, words, { anchor = 'start', more = '' } = {}) {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more === '' ? '' : ` ${more}`}>${escaped(words)}</text>`;
}

export const round = (pixels) => Math.round(pixels * 10) / 10;

export const escaped = (words) =>
  words.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
